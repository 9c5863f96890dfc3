"""Makes an int8 model with a peer: the tool's own static quantization with the settings it recommends for CPUs.

python -m benchmark.peer_quantize onnxruntime MODEL minmax|percentile|entropy SAMPLES OUT.onnx
python -m benchmark.peer_quantize onnxruntime MODEL prepare           0       OUT.onnx
python -m benchmark.peer_quantize nncf        MODEL default           SAMPLES OUT.xml
"""

import itertools
import sys

from .models import Model, models
from .paths import WORK

METHODS = {"minmax": "MinMax", "percentile": "Percentile", "entropy": "Entropy"}


def prepared(model: Model):
    """What onnxruntime asks to be made of a model before it is quantized: batch normalizations folded, and so on."""
    return WORK / f"{model.name}.prepared.onnx"


def prepare(model: Model, out: str) -> None:
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(str(model.path), out, skip_symbolic_shape=True)


def with_onnxruntime(model: Model, method: str, samples: int, out: str) -> None:
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.samples = itertools.islice(model.samples(), samples)

        def get_next(self):
            return next(self.samples, None)

    quantize_static(
        str(prepared(model)),
        out,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod[METHODS[method]],
    )


def with_nncf(model: Model, samples: int, out: str) -> None:
    import nncf
    import openvino

    data = nncf.Dataset(list(itertools.islice(model.files(), samples)), model.read)
    kind = nncf.ModelType.TRANSFORMER if model.is_transformer else None
    network = openvino.Core().read_model(str(model.path))
    openvino.save_model(nncf.quantize(network, data, subset_size=samples, model_type=kind), out, compress_to_fp16=False)


def kill_me_first() -> None:
    """Some methods need more memory than many a machine has: then let it be this process that ends."""
    with open("/proc/self/oom_score_adj", "w") as adjustment:
        adjustment.write("1000")


def main() -> None:
    kill_me_first()
    tool, name, method, samples, out = sys.argv[1:]
    model = next(model for model in models() if model.name == name)
    if method == "prepare":
        prepare(model, out)
    elif tool == "onnxruntime":
        with_onnxruntime(model, method, int(samples), out)
    else:
        with_nncf(model, int(samples), out)


if __name__ == "__main__":
    main()
