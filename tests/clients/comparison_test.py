"""What `quantize compare` says each node loses, measured again with onnxruntime on pieces that onnx cuts out."""

import json
import math
import pathlib
import tempfile
import unittest

import numpy
import onnx
from onnx.utils import Extractor

import support

SAMPLES = 8


class Model:
    def __init__(self, path):
        self.proto = onnx.shape_inference.infer_shapes(onnx.load(path))
        self.producers = {output: node for node in self.proto.graph.node for output in node.output}
        self.constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in self.proto.graph.initializer}

    def piece(self, inputs, outputs):
        """A function from arrays for `inputs` to arrays of `outputs`."""
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            onnx.save(Extractor(self.proto).extract_model(inputs, outputs), file.name)
            session = support.session(file.name, optimize=False)
        return lambda *arrays: session.run(outputs, dict(zip(inputs, arrays)))

    def is_quantized(self, value):
        return value in self.producers and self.producers[value].op_type == "QuantizeLinear"

    def dequantized(self, value):
        return next(node.output[0] for node in self.proto.graph.node
                    if node.op_type == "DequantizeLinear" and node.input[0] == value)

    def rounded(self, value, reals):
        """What is left of `reals` in the integers of `value`."""
        _, scale, zero_point = (self.constants.get(name) for name in self.producers[value].input)
        integers = numpy.clip(numpy.rint(reals / scale) + zero_point, 0, 255)
        return ((integers - zero_point) * scale).astype(numpy.float32)


def decibels(pairs):
    signal = sum(float(numpy.square(x, dtype=numpy.float64).sum()) for x, _ in pairs)
    noise = sum(float(numpy.square(x.astype(numpy.float64) - y).sum()) for x, y in pairs)
    return math.inf if noise == 0 else 10 * math.log10(signal / noise)


class Comparison(unittest.TestCase):
    def test_says_of_each_node_what_onnxruntime_shows(self):
        with tempfile.TemporaryDirectory(prefix="quantize-compare-") as folder:
            folder = pathlib.Path(folder)
            int8 = folder / "int8.onnx"
            real = support.DIGITS / "digits.onnx"
            support.quantize(real, "--mode", "ptq-int8", "--calib-data", support.DIGITS / "calibration",
                             "--scale", "1/255", "-o", int8, "-q")
            random = numpy.random.default_rng(1)
            samples = [random.random((1, 1, 8, 8), dtype=numpy.float32) for _ in range(SAMPLES)]
            (folder / "data").mkdir()
            for i, sample in enumerate(samples):
                numpy.savez(folder / "data" / f"{i}.npz", image=sample)
            report = json.loads(support.quantize("compare", real, int8, "--data", folder / "data", "--json"))
            compared = self.check(report, Model(real), Model(int8), samples)
        self.assertGreater(compared, 6)

    def check(self, report, real, quantized, samples):
        """How many values were compared: those between two QuantizeLinear."""
        values = {value["baseline"]["value"]: value for value in report["values"]}
        compared = 0
        for name, value in values.items():
            source = values[value["inputs"][0]] if len(value["inputs"]) == 1 else None
            if source is None or not source["baseline"]["op"]:
                continue
            before, after = source["other"]["value"], value["other"]["value"]
            if not (quantized.is_quantized(before) and quantized.is_quantized(after)):
                continue
            compared += 1
            source = source["baseline"]["value"]
            whole = real.piece(["image"], [source, name])
            pieces = (real.piece([source], [name]),
                      quantized.piece([quantized.dequantized(before)], [quantized.dequantized(after)]))
            added = []
            for sample in samples:
                given = quantized.rounded(before, whole(sample)[0])
                added.append(tuple(piece(given)[0] for piece in pieces))
            with self.subTest(name):
                ours = math.inf if value["added_sqnr"] is None else value["added_sqnr"]
                theirs = decibels(added)
                self.assertTrue(ours == theirs or abs(ours - theirs) < 0.1, f"{ours} dB, onnxruntime {theirs} dB")
        return compared


if __name__ == "__main__":
    unittest.main()
