"""A small language model in every mode: a table that is also the output's matrix, RMS norms, rotary embedding, attention
with a cache, any batch and length. Once as onnxruntime-genai exports it (GroupQueryAttention), once in plain ONNX."""

import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import support

WORDS, WIDTH, INNER, LAYERS, HEADS, KV_HEADS, SIZE, PLACES = 200, 64, 128, 2, 4, 2, 16, 32
WIDE, WIDER = [5, 40], 20  # channels that are so much wider than the others, as real models have some
EPSILON = 1e-5


class Builder:
    def __init__(self):
        self.nodes, self.constants, self.count = [], {}, 0
        self.random = np.random.default_rng(11)

    def constant(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name

    def weights(self, rows, columns, meets_wide=False):
        matrix = self.random.normal(size=(rows, columns)) / np.sqrt(rows)
        if meets_wide:
            matrix[WIDE] /= WIDER
        return self.constant(matrix.astype(np.float32))

    def add(self, op_type, *inputs, outputs=1, domain="", **attributes):
        names = [f"v{self.count + i}" for i in range(outputs)]
        self.count += outputs
        self.nodes.append(helper.make_node(op_type, list(inputs), names, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def name(self, value, name):
        """Makes `value` an output."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))

    def scale(self, has_wide):
        scale = self.random.uniform(0.5, 1.5, WIDTH).astype(np.float32)
        if has_wide:
            scale[WIDE] *= WIDER
        return self.constant(scale)

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))


def angles():
    """Of every place: the cosines and sines of a head's pairs."""
    turns = np.outer(np.arange(PLACES), 1 / 100 ** (np.arange(SIZE // 2) / (SIZE // 2)))
    return np.cos(turns).astype(np.float32), np.sin(turns).astype(np.float32)


class GenaiForm(Builder):
    def __init__(self):
        super().__init__()
        cosine, sine = angles()
        self.cosine, self.sine = self.constant(cosine), self.constant(sine)
        one = self.ints(1)
        sums = self.add("Sub", self.add("ReduceSum", "attention_mask", one, keepdims=0), one)
        self.last = self.add("Cast", sums, to=TensorProto.INT32)
        total = self.add("Gather", self.add("Shape", "attention_mask"), self.constant(np.int64(1)))
        self.total = self.add("Cast", total, to=TensorProto.INT32)

    def norm(self, x, has_wide=True):
        return self.add("SimplifiedLayerNormalization", x, self.scale(has_wide), axis=-1, epsilon=EPSILON)

    def attention(self, q, k, v, layer):
        inputs = [q, k, v, f"past_key.{layer}", f"past_value.{layer}", self.last, self.total, self.cosine, self.sine]
        attributes = {"num_heads": HEADS, "kv_num_heads": KV_HEADS, "do_rotary": 1}
        return self.add("GroupQueryAttention", *inputs, outputs=3, domain="com.microsoft", **attributes)


class PlainForm(Builder):
    def __init__(self):
        super().__init__()
        first, second = self.constant(np.int64(0)), self.constant(np.int64(1))
        length = self.add("Gather", self.add("Shape", "input_ids"), second)
        total = self.add("Gather", self.add("Shape", "attention_mask"), second)
        past = self.add("Sub", total, length)
        places = self.add("Range", past, total, second)
        self.cosine, self.sine = (self.add("Gather", self.constant(table), places) for table in angles())
        # Key j is hidden from query i where it comes later.
        keys = self.add("Range", first, total, second)
        later = self.add("Greater", keys, self.add("Unsqueeze", places, self.ints(1)))
        self.bias = self.add("Where", later, self.constant(np.float32(-1e4)), self.constant(np.float32(0)))

    def norm(self, x, has_wide=True):
        square = self.add("ReduceMean", self.add("Pow", x, self.constant(np.float32(2))), axes=[-1])
        root = self.add("Sqrt", self.add("Add", square, self.constant(np.float32(EPSILON))))
        return self.add("Mul", self.add("Div", x, root), self.scale(has_wide))

    def heads(self, x, count):
        return self.add("Transpose", self.add("Reshape", x, self.ints(0, 0, count, SIZE)), perm=[0, 2, 1, 3])

    def turned(self, x):
        a, b = self.add("Split", x, self.ints(SIZE // 2, SIZE // 2), outputs=2, axis=-1)
        product = lambda one, other: self.add("Mul", one, other)
        left = self.add("Sub", product(a, self.cosine), product(b, self.sine))
        right = self.add("Add", product(a, self.sine), product(b, self.cosine))
        return self.add("Concat", left, right, axis=-1)

    def repeated(self, x):
        """Each head of keys or values for the queries that share it."""
        group = HEADS // KV_HEADS
        shape = self.constant(np.array([1, 1, group, 1, 1], np.int64))
        wide = self.add("Expand", self.add("Unsqueeze", x, self.ints(2)), shape)
        return self.add("Reshape", wide, self.ints(0, HEADS, -1, SIZE))

    def attention(self, q, k, v, layer):
        q, k, v = self.turned(self.heads(q, HEADS)), self.turned(self.heads(k, KV_HEADS)), self.heads(v, KV_HEADS)
        k = self.add("Concat", f"past_key.{layer}", k, axis=2)
        v = self.add("Concat", f"past_value.{layer}", v, axis=2)
        turned = self.add("Transpose", self.repeated(k), perm=[0, 1, 3, 2])
        scores = self.add("Mul", self.add("MatMul", q, turned), self.constant(np.float32(SIZE**-0.5)))
        shares = self.add("Softmax", self.add("Add", scores, self.bias), axis=-1)
        mixed = self.add("Transpose", self.add("MatMul", shares, self.repeated(v)), perm=[0, 2, 1, 3])
        return self.add("Reshape", mixed, self.ints(0, 0, HEADS * SIZE)), k, v


def save_model(form, path):
    b = form()
    table = b.constant(b.random.normal(size=(WORDS, WIDTH)).astype(np.float32), "table")
    x = b.add("Gather", table, "input_ids")
    for layer in range(LAYERS):
        n = b.norm(x)
        q, k, v = (b.add("MatMul", n, b.weights(WIDTH, heads * SIZE, True)) for heads in (HEADS, KV_HEADS, KV_HEADS))
        mixed, key, value = b.attention(q, k, v, layer)
        b.name(key, f"present_key.{layer}")
        b.name(value, f"present_value.{layer}")
        x = b.add("Add", x, b.add("MatMul", mixed, b.weights(HEADS * SIZE, WIDTH)))
        n = b.norm(x)
        gate, up = (b.add("MatMul", n, b.weights(WIDTH, INNER, True)) for _ in range(2))
        inner = b.add("Mul", b.add("Mul", gate, b.add("Sigmoid", gate)), up)
        x = b.add("Add", x, b.add("MatMul", inner, b.weights(INNER, WIDTH)))
    b.name(b.add("MatMul", b.norm(x, False), b.add("Transpose", table, perm=[1, 0])), "logits")

    past, present = ["batch", KV_HEADS, "past", SIZE], ["batch", KV_HEADS, "total", SIZE]
    info = lambda name, shape, kind=TensorProto.FLOAT: helper.make_tensor_value_info(name, kind, shape)
    inputs = [info("input_ids", ["batch", "length"], TensorProto.INT64)]
    inputs += [info("attention_mask", ["batch", "total"], TensorProto.INT64)]
    caches = [f"{kind}.{layer}" for layer in range(LAYERS) for kind in ("key", "value")]
    inputs += [info(f"past_{name}", past) for name in caches]
    outputs = [info("logits", ["batch", "length", WORDS])] + [info(f"present_{name}", present) for name in caches]
    initializers = [numpy_helper.from_array(array, name) for name, array in b.constants.items()]
    graph = helper.make_graph(b.nodes, "language_model", inputs, outputs, initializers)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)


def conversation(runtime, seed, batch=1):
    """What the float model is asked: a prompt, and then word by word what it answers."""
    random = np.random.default_rng(seed)
    names = [value.name for value in runtime.get_inputs()]
    ids = random.integers(0, WORDS, (batch, int(random.integers(3, 9))))
    caches = [np.zeros((batch, KV_HEADS, 0, SIZE), np.float32)] * (2 * LAYERS)
    samples = []
    for _ in range(3):
        mask = np.ones((batch, caches[0].shape[2] + ids.shape[1]), np.int64)
        samples.append(dict(zip(names, [ids, mask, *caches])))
        logits, *caches = runtime.run(None, samples[-1])
        ids = logits[:, -1:].argmax(-1)
    return samples


class LanguageModel(unittest.TestCase):
    FORMS = (GenaiForm, PlainForm)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def prepare(self, form):
        model, data = self.folder / f"{form.__name__}.onnx", self.folder / form.__name__
        save_model(form, model)
        runtime = support.session(model, optimize=False)
        calibration = [sample for seed in range(20) for sample in conversation(runtime, seed)]
        data.mkdir()
        for i, sample in enumerate(calibration):
            np.savez(data / f"{i:03}.npz", **sample)
        tested = [sample for seed in (100, 101, 102) for sample in conversation(runtime, seed, batch=seed - 99)]
        return model, data, tested, support.run_theirs(runtime, tested)

    def check(self, least, most_of_size, *arguments, with_data=False, in_onnxruntime=True):
        """`least` is the cosine of the logits, and of keys and values."""
        for form in self.FORMS:
            model, data, samples, expected = self.prepare(form)
            path = self.folder / "quantized.onnx"
            support.quantize(model, "-o", path, *arguments, *(["--calib-data", data] if with_data else []))
            ours = support.run_ours(path, "onednn", samples)
            # Its optimizations would quantize what small weights are multiplied with as well.
            theirs = support.run_theirs(support.session(path, optimize=False), samples) if in_onnxruntime else ours
            logits = min(support.cosine(e[0], t[0]) for e, t in zip(expected, theirs))
            caches = min(support.cosine(x, y) for e, t in zip(expected, theirs) for x, y in zip(e[1:], t[1:]))
            same = min(support.cosine(x, y) for o, t in zip(ours, theirs) for x, y in zip(o, t))
            size = path.stat().st_size / model.stat().st_size
            print(f"{form.__name__} {arguments}: logits {logits:.5f}, caches {caches:.5f}, ours {same:.6f}, size {size:.3f}")
            self.assertGreaterEqual(logits, least)
            self.assertGreaterEqual(caches, least)
            self.assertGreaterEqual(same, 0.998)  # one rounding that goes the other way moves others
            self.assertLess(size, most_of_size)

    def test_static_int8(self):
        self.check(0.996, 0.4, "--mode", "ptq-int8", with_data=True)

    def test_static_int8_by_integer_operators(self):
        self.check(0.996, 0.4, "--mode", "ptq-int8", "--format", "qoperator", with_data=True)

    def test_dynamic_int8(self):
        self.check(0.98, 0.4, "--mode", "dynamic")  # no made-up sizes fit the plain form, so that its channels stay wide

    def test_dynamic_int8_with_levels_from_samples(self):
        self.check(0.998, 0.4, "--mode", "dynamic", with_data=True)

    def test_weights_of_8_bits(self):
        self.check(0.998, 0.4, "--mode", "weight-only")

    def test_weights_of_4_bits(self):
        self.check(0.93, 0.3, "--mode", "weight-only", "--weight-bits", "4")

    def test_weights_of_4_bits_in_onnxruntimes_form(self):
        self.check(0.93, 0.3, "--mode", "weight-only", "--weight-bits", "4", "--format", "ms")

    def test_float16(self):
        self.check(0.9999, 0.6, "--mode", "fp16")

    def test_bfloat16(self):
        self.check(0.9995, 0.6, "--mode", "bf16", in_onnxruntime=False)  # which has no such products on CPUs


if __name__ == "__main__":
    unittest.main(verbosity=2)
