"""Our executor runs the digits network as other tools quantize it, on both backends alike, and says what onnxruntime says."""

import importlib.util
import pathlib
import tempfile
import unittest

import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import support

U8, S8 = QuantType.QUInt8, QuantType.QInt8
DIGITS = support.DIGITS / "digits.onnx"
SAMPLES = 200


class Reader(CalibrationDataReader):
    def __init__(self):
        self.samples = iter(support.digits_samples(100))

    def get_next(self):
        return next(self.samples, None)


class ForeignModels(unittest.TestCase):
    def check(self, model):
        samples = support.digits_samples(SAMPLES)
        theirs = support.run_theirs(support.session(model, optimize=False), samples)
        exact, fast = (support.run_ours(model, backend, samples) for backend in ("reference", "onednn"))
        for name, first, second in (("onnxruntime", theirs, exact), ("the other backend", exact, fast)):
            worst = max(support.relative_difference(x[0], y[0]) for x, y in zip(first, second))
            agreed = support.top1_agreement(first, second)
            print(f"{model.name} and {name}: {100 * agreed:.1f} % of top-1, largest relative difference {worst:.2e}")
            self.assertGreaterEqual(agreed, 0.99)
            self.assertLess(worst, 0.03)

    def check_onnxruntime(self, name, prepare=True, quant_format=QuantFormat.QDQ, extra=None, **options):
        with tempfile.TemporaryDirectory() as folder:
            source, model = (pathlib.Path(folder) / file for file in ("float.onnx", f"{name}.onnx"))
            source.write_bytes(DIGITS.read_bytes())
            if prepare:
                quant_pre_process(str(source), str(source), skip_symbolic_shape=True)
            quantize_static(
                str(source), str(model), Reader(), quant_format=quant_format, extra_options=extra or {}, **options
            )
            self.check(model)

    def test_u8_and_s8_with_a_scale_for_each_channel(self):
        self.check_onnxruntime("u8s8", activation_type=U8, weight_type=S8, per_channel=True)

    def test_without_preparation(self):
        self.check_onnxruntime("unprepared", prepare=False, activation_type=U8, weight_type=S8, per_channel=True)

    def test_s8_and_s8(self):
        self.check_onnxruntime("s8s8", activation_type=S8, weight_type=S8)

    def test_u8_and_u8(self):
        self.check_onnxruntime("u8u8", activation_type=U8, weight_type=U8)

    def test_symmetric_activations(self):
        self.check_onnxruntime("symmetric", activation_type=S8, weight_type=S8, extra={"ActivationSymmetric": True})

    def test_a_pair_for_each_reader(self):
        self.check_onnxruntime("dedicated", activation_type=U8, weight_type=S8, extra={"DedicatedQDQPair": True})

    def test_float_weights_that_are_quantized_in_the_graph(self):
        self.check_onnxruntime("weights", activation_type=U8, weight_type=S8, extra={"AddQDQPairToWeight": True})

    def test_integer_operators(self):
        for weight_type in (S8, U8):
            form = QuantFormat.QOperator
            self.check_onnxruntime("qoperator", activation_type=U8, weight_type=weight_type, quant_format=form)

    @unittest.skipUnless(importlib.util.find_spec("nncf"), "nncf is not installed here; small models of it are in tests/data")
    def test_nncf(self):
        import nncf

        data = nncf.Dataset(support.digits_samples(100))
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "nncf.onnx"
            onnx.save(nncf.quantize(onnx.load(DIGITS), data, subset_size=100), model)
            self.check(model)


if __name__ == "__main__":
    unittest.main(verbosity=2)
