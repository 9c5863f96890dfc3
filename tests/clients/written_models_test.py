"""What we write loads in onnxruntime and OpenVINO, runs in int8 there, and says what our exact backend says."""

import collections
import pathlib
import tempfile
import unittest

import numpy as np
import onnx
import openvino

import support


def optimized_ops(model, folder) -> collections.Counter:
    """Operators of the graph that onnxruntime makes of the model."""
    path = pathlib.Path(folder) / "optimized.onnx"
    support.session(model, save_optimized=path)
    return collections.Counter(node.op_type for node in onnx.load(path).graph.node)


def run_openvino(model, samples):
    compiled = openvino.Core().compile_model(str(model), "CPU")
    return [[compiled(list(sample.values()))[0]] for sample in samples]


def openvino_int8_layers(model) -> int:
    """Convolutions and matrix products that OpenVINO executes on 8-bit integers."""
    compiled = openvino.Core().compile_model(str(model), "CPU")
    count = 0
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        kind, precision = str(info["layerType"].astype(str)), str(info["runtimePrecision"].astype(str))
        count += kind in ("Convolution", "FullyConnected", "MatMul") and precision in ("u8", "i8")
    return count


class WrittenModels(unittest.TestCase):
    def check(self, model, arguments, samples, convolutions, gemms, agreement):
        with tempfile.TemporaryDirectory() as folder:
            written = pathlib.Path(folder) / "int8.onnx"
            support.quantize(model, "-o", written, *arguments)
            onnx.checker.check_model(onnx.load(written), full_check=True)

            ops = optimized_ops(written, folder)
            print(f"{model.name} in onnxruntime: {dict(ops)}")
            self.assertEqual(ops["QLinearConv"], convolutions)
            self.assertEqual(ops["QGemm"], gemms)
            self.assertEqual(ops["Conv"] + ops["Gemm"] + ops["FusedConv"], 0)

            int8_layers = openvino_int8_layers(written)
            print(f"{model.name} in OpenVINO: {int8_layers} layers on integers")
            self.assertEqual(int8_layers, convolutions + gemms)

            exact = support.run_ours(written, "reference", samples)
            plain = support.run_theirs(support.session(written, optimize=False), samples)
            same = support.top1_agreement(exact, plain)
            print(f"{model.name}: onnxruntime without optimizations agrees on {100 * same:.1f} % of top-1")
            self.assertGreaterEqual(same, agreement)
            self.assertGreaterEqual(support.top1_agreement(exact, run_openvino(written, samples)), 0.9)

    def test_digits(self):
        arguments = ["--mode", "ptq-int8", "--calib-data", support.DIGITS / "calibration", "--scale", "1/255"]
        self.check(support.DIGITS / "digits.onnx", arguments, support.digits_samples(200), 7, 1, 0.99)

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_efficientnet_lite0(self):
        arguments = ["--mode", "ptq-int8", "--calib-data", support.SHARED / "data" / "imagenet" / "calibration", "--calib-samples", 64]
        arguments += ["--resize", "256", "--crop", "224", "--mean", "127", "--std", "128"]
        model = support.SHARED / "models" / "efficientnet_lite0.onnx"
        self.check(model, arguments, support.imagenet_samples(100), 49, 1, 0.99)


if __name__ == "__main__":
    unittest.main(verbosity=2)
