"""Models with operators that we cannot run, behind a network that we can: it is quantized, the rest stays as it is."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import support

CLASSES = 5
MODES = ("ptq-int8", "fp16", "bf16", "dynamic", "weight-only")


def constants(arrays: dict) -> list:
    return [numpy_helper.from_array(array, name) for name, array in arrays.items()]


def save_classifier(path):
    """As scikit-learn's converters write one: a label, and a dictionary of probabilities for each row."""
    generator = np.random.default_rng(5)
    arrays = {"w": generator.normal(size=(16, 32)), "v": generator.normal(size=(32, CLASSES))}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], "first"),
        helper.make_node("Relu", ["h"], ["r"], "relu"),
        helper.make_node("MatMul", ["r", "v"], ["logits"], "second"),
        helper.make_node("Softmax", ["logits"], ["scores"], "softmax"),
        helper.make_node("ArgMax", ["scores"], ["label"], "argmax", axis=1, keepdims=0),
        helper.make_node("ZipMap", ["scores"], ["probabilities"], "zip", domain="ai.onnx.ml",
                         classlabels_int64s=list(range(CLASSES))),
    ]
    table = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    outputs = [helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
               helper.make_value_info("probabilities", helper.make_sequence_type_proto(table))]
    graph = helper.make_graph(nodes, "classifier", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 16])],
                              outputs, constants({name: array.astype(np.float32) for name, array in arrays.items()}))
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)


def save_detector(path, domain):
    """Boxes and scores go into a plugin of TensorRT, and its boxes through one more node."""
    generator = np.random.default_rng(6)
    arrays = {"w": generator.normal(size=(8, 3, 3, 3)).astype(np.float32),
              "v": generator.normal(size=(6, 8, 1, 1)).astype(np.float32),
              "rows": np.array([0, 6, -1]), "sizes": np.array([4, 2]), "two": np.array(2, np.float32)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], "conv1", strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["r"], "relu"),
        helper.make_node("Conv", ["r", "v"], ["b"], "conv2"),
        helper.make_node("Reshape", ["b", "rows"], ["flat"], "reshape"),
        helper.make_node("Transpose", ["flat"], ["table"], "transpose", perm=[0, 2, 1]),
        helper.make_node("Split", ["table", "sizes"], ["boxes", "logits"], "split", axis=2),
        helper.make_node("Sigmoid", ["logits"], ["scores"], "sigmoid"),
        helper.make_node("EfficientNMS_TRT", ["boxes", "scores"], ["found", "kept", "best", "classes"], "nms",
                         domain=domain, max_output_boxes=10),
        helper.make_node("Mul", ["kept", "two"], ["scaled"], "scale"),
    ]
    outputs = [helper.make_tensor_value_info("scaled", TensorProto.FLOAT, [1, 10, 4]),
               helper.make_tensor_value_info("best", TensorProto.FLOAT, [1, 10])]
    graph = helper.make_graph(nodes, "detector", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
                              outputs, constants(arrays))
    imports = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)


def save_samples(folder, shape, labelled=False):
    generator = np.random.default_rng(7)
    for i in range(8):
        file = folder / (str(i % CLASSES) if labelled else "") / f"{i}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, generator.normal(size=shape).astype(np.float32))


class Unrunnable(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quantize-unrunnable-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.model, self.data = self.root / "m.onnx", self.root / "data"

    def quantized(self, mode, *flags):
        written = self.root / f"m.{mode}.onnx"
        return written, support.quantize(self.model, "--mode", mode, "--calib-data", self.data, "-o", written, *flags)


class Dictionaries(Unrunnable):
    """ZipMap, which onnxruntime runs."""

    def setUp(self):
        super().setUp()
        save_classifier(self.model)
        save_samples(self.data, (1, 16), labelled=True)

    def probabilities(self, path):
        runtime = support.session(path)
        tables = [runtime.run(["probabilities"], {"x": np.load(file)})[0][0] for file in sorted(self.data.rglob("*.npy"))]
        return np.array([[table[label] for label in range(CLASSES)] for table in tables])

    def test_each_mode_is_verified_on_what_goes_in_and_onnxruntime_runs_the_whole(self):
        expected = self.probabilities(self.model)
        for mode in MODES[:2] + MODES[3:]:  # onnxruntime has no bfloat16 on CPUs
            with self.subTest(mode):
                written, text = self.quantized(mode)
                self.assertRegex(text, r"verified +'scores' on 8 samples: ")
                self.assertIn("not run    ai.onnx.ml.ZipMap-1 (node 'zip'): what goes into it is compared instead\n", text)
                actual = self.probabilities(written)
                self.assertGreater(support.cosine(expected.ravel(), actual.ravel()), 0.999)

    def test_products_before_it_are_int8(self):
        written, _ = self.quantized("ptq-int8")
        ops = [node.op_type for node in onnx.load(written).graph.node]
        self.assertEqual(ops.count("DequantizeLinear"), 4)
        self.assertEqual(ops[-1], "ZipMap")

    def test_accuracy_is_that_of_the_scores(self):
        written, _ = self.quantized("ptq-int8")
        report = self.root / "r.json"
        text = support.quantize("eval", self.model, written, "--data", self.data, "--latency-runs", 0, "--report", report)
        self.assertIn("warning: not run: ai.onnx.ml.ZipMap-1 (node 'zip')", text)
        result = json.loads(report.read_text())
        best = self.probabilities(self.model).argmax(axis=1)
        labels = [int(file.parent.name) for file in sorted(self.data.rglob("*.npy"))]
        self.assertEqual(result["models"][0]["accuracy"]["top1"], sum(best == labels))

    def test_compare_says_what_is_not_run(self):
        written, _ = self.quantized("fp16")
        text = support.quantize("compare", self.model, written, "--data", self.data)
        self.assertEqual(text.splitlines()[1], "not run: ai.onnx.ml.ZipMap-1 (node 'zip'): what goes into it is compared instead")
        self.assertRegex(text, r"(?m)^scores +\d")


class Alone(Unrunnable):
    def test_a_model_of_which_no_part_can_be_run_is_refused_by_name(self):
        node = helper.make_node("Unheard", ["x"], ["y"], "only", domain="com.acme")
        ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.acme", 1)]
        graph = helper.make_graph([node], "alone", ports[:1], ports[1:])
        onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), self.model)
        save_samples(self.data, (1, 4))
        command = [support.QUANTIZE, self.model, "--mode", "ptq-int8", "--calib-data", self.data]
        result = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(result.returncode, 3)
        self.assertIn("cannot be run here: com.acme.Unheard-1 (node 'only')", result.stderr)


class Plugins(Unrunnable):
    """Plugins of TensorRT, of a domain of their own or in that of ONNX."""

    def setUp(self):
        super().setUp()
        save_samples(self.data, (1, 3, 16, 16))

    def test_each_mode_compares_boxes_and_scores(self):
        for domain in ("", "TRT"):
            save_detector(self.model, domain)
            for mode in MODES:
                with self.subTest(mode, domain=domain):
                    written, text = self.quantized(mode)
                    self.assertRegex(text, r"verified +'boxes' on 8 samples: ")
                    self.assertRegex(text, r"verified +'scores' on 8 samples: ")
                    self.assertRegex(text, r"not run .*EfficientNMS_TRT-\d+ \(node 'nms'\) and 1 node behind: ")
                    self.assertIn("nms", [node.name for node in onnx.load(written).graph.node])

    def test_the_plan_says_why_nodes_behind_stay_float(self):
        save_detector(self.model, "TRT")
        text = support.quantize(self.model, "--mode", "ptq-int8", "--calib-data", self.data, "--dry-run")
        self.assertRegex(text, r"(?m)^float +EfficientNMS_TRT +nms +cannot be run here$")
        self.assertRegex(text, r"(?m)^float +Mul +scale +behind TRT.EfficientNMS_TRT-1 \(node 'nms'\), which cannot be run here$")

    def test_every_report_says_what_is_not_run(self):
        save_detector(self.model, "TRT")
        for ending in ("json", "md", "html"):
            with self.subTest(ending):
                report = self.root / f"r.{ending}"
                self.quantized("ptq-int8", "--report", report)
                self.assertIn("TRT.EfficientNMS_TRT-1 (node 'nms') and 1 node behind", report.read_text())


if __name__ == "__main__":
    unittest.main()
