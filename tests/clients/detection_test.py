"""A detector is quantized and evaluated: as many boxes as each picture gives, and no output that is a row of scores."""

import json
import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import numpy_helper, parser

import support

# A box and a score for each place; places whose score is above a threshold are found.
TEXT = """<ir_version: 8, opset_import: ["": 13]>
detector (float[1, 3, 16, 16] x) => (float[n, 4] places, float[n] scores, int64[n] labels) {
  c = Conv <pads = [1, 1, 1, 1]> (x, w)
  r = Relu(c)
  h = Conv <pads = [1, 1, 1, 1]> (r, v)
  t = Transpose <perm = [0, 2, 3, 1]> (h)
  rows = Reshape(t, rows_shape)
  all_places, all_scores = Split <axis = 1> (rows, sizes)
  flat = Reshape(all_scores, flat_shape)
  mask = Greater(flat, threshold)
  places = Compress <axis = 0> (all_places, mask)
  scores = Compress(flat, mask)
  order = Shape(scores)
  labels = ConstantOfShape <value = int64[1] {1}> (order)
}"""


def save_model(path):
    generator = np.random.default_rng(3)
    model = parser.parse_model(TEXT)
    constants = {
        "w": generator.normal(size=(8, 3, 3, 3)).astype(np.float32),
        "v": generator.normal(size=(5, 8, 3, 3)).astype(np.float32) / 8,
        "rows_shape": np.array([-1, 5]),
        "flat_shape": np.array([-1]),
        "sizes": np.array([4, 1]),
        "threshold": np.array(0.1, np.float32),
    }
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
    onnx.checker.check_model(model)
    onnx.save(model, path)


class Detection(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="quantize-detection-")
        cls.addClassCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        cls.model, cls.small, cls.data, cls.report = root / "m.onnx", root / "m.int8.onnx", root / "data", root / "r.json"
        save_model(cls.model)
        generator = np.random.default_rng(1)
        for i in range(8):
            file = cls.data / ("cat" if i < 4 else "dog") / f"{i}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, generator.normal(size=(1, 3, 16, 16)).astype(np.float32))
        cls.quantized = support.quantize(cls.model, "--mode", "ptq-int8", "--calib-data", cls.data, "-o", cls.small,
                                         "--no-mend")
        cls.evaluated = support.quantize("eval", cls.model, cls.small, "--data", cls.data, "--latency-runs", "0",
                                         "--report", cls.report)

    def counts(self, path) -> list:
        runtime = support.session(path)
        files = sorted(self.data.rglob("*.npy"))
        return [len(runtime.run(["scores"], {"x": np.load(file)})[0]) for file in files]

    def test_other_numbers_of_boxes_are_counted_and_left_out(self):
        differing = sum(a != b for a, b in zip(self.counts(self.model), self.counts(self.small)))
        self.assertGreater(differing, 0)
        outputs = json.loads(self.report.read_text())["models"][1]["outputs"]
        self.assertEqual([output["output"] for output in outputs], ["places", "scores", "labels"])
        for output in outputs:
            self.assertEqual(output["other_shapes"], differing)
        self.assertRegex(self.evaluated, rf"'places' has another shape than the baseline's in {differing} of 8 samples")
        self.assertRegex(self.quantized, rf"'places' on 8 samples: .*another shape in {differing} of them")

    def test_no_output_is_taken_for_scores_of_classes(self):
        report = json.loads(self.report.read_text())
        self.assertEqual((report["metric"], report["metric_output"]), ("error", None))
        self.assertIn("no top-1 and top-5, though there are labels", report["warnings"][0])
        self.assertIn("'scores' [?] has a number for each box of 'places'", report["warnings"][0])
        self.assertNotIn("top-1", self.quantized)


if __name__ == "__main__":
    unittest.main(verbosity=2)
