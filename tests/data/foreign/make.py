"""Makes the small networks of this folder as other tools quantize them, with what onnxruntime computes for them.

    scripts/setup --bench
    $(scripts/setup --print-prefix)/bench/bin/python tests/data/foreign/make.py

Each case is a folder as ONNX ships its test cases: model.onnx, test_data_set_N/input_0.pb and output_0.pb. The outputs are those of onnxruntime
without optimizations, which runs a model node by node as it stands in the file. Weights and samples are random: what matters is where the tools
put their quantizers, not what the networks know.
"""

import pathlib
import tempfile

import nncf
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

HERE = pathlib.Path(__file__).parent
U8, S8, U16 = QuantType.QUInt8, QuantType.QInt8, QuantType.QUInt16
CALIBRATION_SAMPLES, CASE_SAMPLES = 32, 3

ONNXRUNTIME = {
    "u8s8": {"activation_type": U8, "weight_type": S8, "per_channel": True},
    "s8s8": {"activation_type": S8, "weight_type": S8},
    "u8u8": {"activation_type": U8, "weight_type": U8},
    "u16s8": {"activation_type": U16, "weight_type": S8},
    "symmetric": {"activation_type": S8, "weight_type": S8, "extra_options": {"ActivationSymmetric": True}},
    "dedicated_pairs": {"activation_type": U8, "weight_type": S8, "extra_options": {"DedicatedQDQPair": True}},
    "float_weights": {"activation_type": U8, "weight_type": S8, "extra_options": {"AddQDQPairToWeight": True}},
    "float_bias": {"activation_type": U8, "weight_type": S8, "extra_options": {"QuantizeBias": False}},
    "qoperator_u8s8": {"activation_type": U8, "weight_type": S8, "per_channel": True, "quant_format": QuantFormat.QOperator},
    "qoperator_s8s8": {"activation_type": S8, "weight_type": S8, "quant_format": QuantFormat.QOperator},
    "qoperator_u8u8": {"activation_type": U8, "weight_type": U8, "quant_format": QuantFormat.QOperator},
}
# The variants whose quantizers stand elsewhere in attention than in convolutions.
ATTENTION_VARIANTS = ("u8s8", "s8s8", "qoperator_u8s8")


class Builder:
    """Nodes and random weights, in the order in which they are added."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def weight(self, *shape, scale=None) -> str:
        fan_in = np.prod(shape[1:]) if len(shape) > 1 else 1
        values = self.random.normal(size=shape) * (scale or np.sqrt(2 / fan_in))
        return self.constant(values.astype(np.float32))

    def constant(self, values) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, op: str, *inputs, **attributes) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        return name

    def conv(self, value, channels, sources, kernel=1, group=1) -> str:
        weights = self.weight(channels, sources // group, kernel, kernel)
        bias = self.weight(channels, scale=0.2)
        return self.add("Conv", value, weights, bias, kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, group=group)

    def batch_norm(self, value, channels) -> str:
        positive = [self.constant((self.random.random(channels) + 0.5).astype(np.float32)) for _ in range(2)]
        shift, mean = (self.weight(channels, scale=0.1) for _ in range(2))
        return self.add("BatchNormalization", value, positive[0], shift, mean, positive[1])

    def linear(self, value, width, source_width) -> str:
        weights = self.constant((self.random.normal(size=(source_width, width)) / np.sqrt(source_width)).astype(np.float32))
        return self.add("Add", self.add("MatMul", value, weights), self.weight(width, scale=0.1))

    def model(self, shape, output, output_shape) -> onnx.ModelProto:
        self.nodes.append(helper.make_node("Identity", [output], ["y"], "result"))
        kinds = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in (("x", shape), ("y", output_shape))]
        graph = helper.make_graph(self.nodes, "g", kinds[:1], kinds[1:], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def convolutions() -> onnx.ModelProto:
    """Stem, inverted residual with Clip, max pooling, SiLU, a branch that is concatenated, classifier."""
    b = Builder(1)
    low, high = b.constant(np.float32(0)), b.constant(np.float32(6))
    stem = b.add("Relu", b.batch_norm(b.conv("x", 8, 3, 3), 8))
    wide = b.add("Clip", b.conv(stem, 16, 8), low, high)
    deep = b.add("Clip", b.conv(wide, 16, 16, 3, group=16), low, high)
    block = b.add("Relu", b.add("Add", stem, b.conv(deep, 8, 16)))
    pooled = b.add("MaxPool", block, kernel_shape=[2, 2], strides=[2, 2])
    left = b.conv(pooled, 8, 8, 3)
    left = b.add("Mul", left, b.add("Sigmoid", left))
    right = b.add("LeakyRelu", b.conv(pooled, 8, 8), alpha=0.1)
    both = b.add("Concat", left, right, axis=1)
    flat = b.add("Flatten", b.add("GlobalAveragePool", b.add("Relu", b.conv(both, 16, 16))))
    logits = b.add("Gemm", flat, b.weight(10, 16), b.weight(10, scale=0.1), transB=1)
    return b.model([1, 3, 8, 8], logits, [1, 10])


def attention() -> onnx.ModelProto:
    """One layer of a transformer: two heads of 8, eight tokens, Gelu as exporters write it."""
    b = Builder(2)

    def heads(value, order):
        split = b.add("Reshape", value, b.constant(np.array([1, 8, 2, 8])))
        return b.add("Transpose", split, perm=order)

    def layer_norm(value):
        return b.add("LayerNormalization", value, b.constant(np.linspace(0.5, 1.5, 16, dtype=np.float32)), b.weight(16, scale=0.1))

    query, key, value = (b.linear("x", 16, 16) for _ in range(3))
    scores = b.add("MatMul", heads(query, [0, 2, 1, 3]), heads(key, [0, 2, 3, 1]))
    shares = b.add("Softmax", b.add("Mul", scores, b.constant(np.float32(8**-0.5))), axis=-1)
    mixed = b.add("Transpose", b.add("MatMul", shares, heads(value, [0, 2, 1, 3])), perm=[0, 2, 1, 3])
    joined = b.add("Reshape", mixed, b.constant(np.array([1, 8, 16])))
    first = layer_norm(b.add("Add", b.linear(joined, 16, 16), "x"))
    wide = b.linear(first, 32, 16)
    erf = b.add("Erf", b.add("Div", wide, b.constant(np.float32(2**0.5))))
    gelu = b.add("Mul", b.add("Mul", wide, b.add("Add", erf, b.constant(np.float32(1)))), b.constant(np.float32(0.5)))
    return b.model([1, 8, 16], layer_norm(b.add("Add", b.linear(gelu, 16, 32), first)), [1, 8, 16])


def samples_of(model: onnx.ModelProto, count: int, seed: int) -> list[dict]:
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    random = np.random.default_rng(seed)
    return [{"x": random.normal(size=shape).astype(np.float32)} for _ in range(count)]


def by_onnxruntime(model: onnx.ModelProto, options: dict, prepare: bool, out: pathlib.Path) -> None:
    class Reader(CalibrationDataReader):
        def __init__(self):
            self.samples = iter(samples_of(model, CALIBRATION_SAMPLES, seed=3))

        def get_next(self):
            return next(self.samples, None)

    source = out.with_name("float.onnx")
    onnx.save(model, source)
    if prepare:
        quant_pre_process(str(source), str(source), skip_symbolic_shape=True)
    quantize_static(str(source), str(out), Reader(), **{"quant_format": QuantFormat.QDQ, **options})


def by_nncf(model: onnx.ModelProto, options: dict, out: pathlib.Path) -> None:
    data = nncf.Dataset(samples_of(model, CALIBRATION_SAMPLES, seed=3))
    onnx.save(nncf.quantize(model, data, subset_size=CALIBRATION_SAMPLES, **options), out)


def outputs_of(path: pathlib.Path, samples: list[dict]) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return [session.run(None, sample)[0] for sample in samples]


def write_case(name: str, model: onnx.ModelProto, make) -> None:
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        made = pathlib.Path(work) / "int8.onnx"
        make(made)
        (folder / "model.onnx").write_bytes(made.read_bytes())
    samples = samples_of(model, CASE_SAMPLES, seed=4)
    for index, (sample, output) in enumerate(zip(samples, outputs_of(folder / "model.onnx", samples))):
        data_set = folder / f"test_data_set_{index}"
        data_set.mkdir(exist_ok=True)
        for kind, value in (("input", sample["x"]), ("output", output)):
            (data_set / f"{kind}_0.pb").write_bytes(numpy_helper.from_array(value).SerializeToString())


def main() -> None:
    network = convolutions()
    for name, options in ONNXRUNTIME.items():
        write_case(f"convolutions_onnxruntime_{name}", network, lambda out: by_onnxruntime(network, options, True, out))
    unprepared = ONNXRUNTIME["u8s8"]
    write_case("convolutions_onnxruntime_unprepared", network, lambda out: by_onnxruntime(network, unprepared, False, out))
    for preset in ("performance", "mixed"):
        options = {"preset": nncf.QuantizationPreset(preset)}
        write_case(f"convolutions_nncf_{preset}", network, lambda out: by_nncf(network, options, out))

    network = attention()
    for name in ATTENTION_VARIANTS:
        options = ONNXRUNTIME[name]
        write_case(f"attention_onnxruntime_{name}", network, lambda out: by_onnxruntime(network, options, True, out))
    options = {"model_type": nncf.ModelType.TRANSFORMER}
    write_case("attention_nncf_transformer", network, lambda out: by_nncf(network, options, out))


if __name__ == "__main__":
    main()
