"""Models of --mode dynamic, and of --format qoperator, load in onnxruntime, run there on integers, and say what ours say."""

import collections
import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import helper

import support


def ops_of(path) -> collections.Counter:
    return collections.Counter(node.op_type for node in onnx.load(path).graph.node)


def optimized_ops(model, folder) -> collections.Counter:
    """Operators of the graph that onnxruntime makes of the model."""
    path = pathlib.Path(folder) / "optimized.onnx"
    support.session(model, save_optimized=path)
    return ops_of(path)


def worst_cosine(first, second) -> float:
    return min(support.cosine(a, b) for one, two in zip(first, second) for a, b in zip(one, two))


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


class DynamicModels(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)

    def check(self, model, samples, arguments=(), least=0.999, near=0.9995, backends=("reference", "onednn")):
        """Quantizes, and compares onnxruntime on the result with onnxruntime on the original and with our backends."""
        written = self.folder / "dynamic.onnx"
        support.quantize(model, "--mode", "dynamic", "-o", written, *arguments)
        expected = support.run_theirs(support.session(model), samples)
        theirs = support.run_theirs(support.session(written), samples)
        to_float = worst_cosine(expected, theirs)
        print(f"{pathlib.Path(model).name}: cosine to float {to_float:.5f} in onnxruntime")
        self.assertGreaterEqual(to_float, least)
        for backend in backends:
            own = worst_cosine(support.run_ours(written, backend, samples), theirs)
            print(f"  our {backend} to onnxruntime {own:.6f}")
            self.assertGreaterEqual(own, near)
        return written

    def test_digits_with_convolutions(self):
        written = self.check(support.DIGITS / "digits.onnx", support.digits_samples(50), ["--dynamic-conv"])
        self.assertEqual(ops_of(written)["ConvInteger"], 7)
        self.assertEqual(ops_of(written)["Conv"], 0)

    def test_layers_of_a_perceptron_become_one_operator_each(self):
        nodes = [
            helper.make_node("MatMul", ["x", "w1"], ["a"]),
            helper.make_node("Add", ["a", "b1"], ["b"]),
            helper.make_node("Relu", ["b"], ["c"]),
            helper.make_node("Gemm", ["c", "w2", "b2"], ["y"], transB=1, alpha=0.5, beta=2.0),
        ]
        constants = {"w1": random(64, 128), "b1": random(128), "w2": random(32, 128, seed=1), "b2": random(32)}
        model = self.folder / "perceptron.onnx"
        support.save_model(model, nodes, {"x": ["n", 64]}, {"y": ["n", 32]}, constants)
        written = self.check(model, [{"x": random(n, 64, seed=n)} for n in (1, 3, 17)], least=0.998)
        fused = optimized_ops(written, self.folder)
        self.assertEqual(fused["DynamicQuantizeMatMul"] + fused["MatMulIntegerToFloat"], 2)
        # What onnxruntime makes of it runs here too.
        samples = [{"x": random(3, 64)}]
        ours = support.run_ours(self.folder / "optimized.onnx", "onednn", samples)
        self.assertGreaterEqual(worst_cosine(ours, support.run_theirs(support.session(written), samples)), 0.9995)

    def test_stacks_of_matrices_shared_and_transposed_weights_and_vectors(self):
        nodes = [
            helper.make_node("MatMul", ["x", "stack"], ["a"]),
            helper.make_node("Transpose", ["w"], ["wt"], perm=[1, 0]),
            helper.make_node("MatMul", ["a", "wt"], ["b"]),
            helper.make_node("MatMul", ["b", "w"], ["c"]),
            helper.make_node("ReduceMean", ["c"], ["d"], axes=[0, 1], keepdims=0),
            helper.make_node("MatMul", ["d", "w"], ["y"]),
        ]
        constants = {"stack": random(3, 32, 64), "w": random(64, 64, seed=2)}
        model = self.folder / "stack.onnx"
        support.save_model(model, nodes, {"x": [3, "n", 32]}, {"y": [64]}, constants)
        written = self.check(model, [{"x": random(3, 5, 32)}], least=0.99)
        self.assertEqual(ops_of(written)["MatMulInteger"], 4)

    def test_products_of_two_activations(self):
        nodes = [helper.make_node("MatMul", ["x", "z"], ["y"])]
        model = self.folder / "attention.onnx"
        support.save_model(model, nodes, {"x": [2, "n", 32], "z": [2, 32, "n"]}, {"y": [2, "n", "n"]}, {})
        sample = {"x": random(2, 16, 32), "z": random(2, 32, 16, seed=1)}
        written = self.check(model, [sample], ["--dynamic-products"])
        self.assertEqual(ops_of(written)["MatMulInteger"], 1)

    def lstm(self, direction, outputs, **attributes):
        directions, inputs, hidden = 2 if direction == "bidirectional" else 1, 48, 64
        node = helper.make_node("LSTM", ["x", "w", "r", "b"], outputs, hidden_size=hidden, direction=direction, **attributes)
        shapes = {"y": [None, directions, None, hidden], "h": [directions, None, hidden], "c": [directions, None, hidden]}
        constants = {
            "w": random(directions, 4 * hidden, inputs) / 8,
            "r": random(directions, 4 * hidden, hidden, seed=1) / 8,
            "b": random(directions, 8 * hidden, seed=2) / 8,
        }
        model = self.folder / "lstm.onnx"
        support.save_model(model, [node], {"x": ["s", "b", inputs]}, {n: shapes[n] for n in outputs if n}, constants)
        return model, [{"x": random(20, 2, inputs, seed=3)}]

    def test_lstm(self):
        written = self.check(*self.lstm("forward", ["y", "h", "c"]))
        self.assertEqual(dict(ops_of(written)), {"DynamicQuantizeLSTM": 1})

    def test_lstm_in_both_directions_of_which_only_the_last_state_is_read(self):
        written = self.check(*self.lstm("bidirectional", ["", "h"], clip=3.0))
        self.assertEqual(dict(ops_of(written)), {"DynamicQuantizeLSTM": 1})

    def test_a_format_without_other_domains_computes_lstm_in_float_with_int8_weights(self):
        written = self.check(*self.lstm("forward", ["y"]), arguments=["--format", "qdq"], backends=())
        self.assertEqual(dict(ops_of(written)), {"LSTM": 1, "DequantizeLinear": 2})

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_minilm(self):
        model = support.SHARED / "models" / "minilm_l6.onnx"
        # Sums of floats in another order move some activations by a step, and those move others.
        written = self.check(model, support.text_samples(8), least=0.985, near=0.997)
        fused = optimized_ops(written, self.folder)
        self.assertEqual(fused["DynamicQuantizeMatMul"] + fused["MatMulIntegerToFloat"], 36)
        self.assertEqual(ops_of(written)["DynamicQuantizeLinear"], 24)
        self.assertLess(written.stat().st_size, 0.27 * model.stat().st_size)


class IntegerOperators(unittest.TestCase):
    def check(self, model, arguments, samples, convolutions, left_over):
        with tempfile.TemporaryDirectory() as folder:
            qdq, integers = pathlib.Path(folder) / "qdq.onnx", pathlib.Path(folder) / "integers.onnx"
            support.quantize(model, "--mode", "ptq-int8", "-o", qdq, "--no-verify", *arguments)
            support.quantize(model, "--mode", "ptq-int8", "-o", integers, "--no-verify", "--format", "qoperator", *arguments)
            onnx.checker.check_model(onnx.load(integers), full_check=True)
            ops = ops_of(integers)
            print(f"{model.name}: {dict(ops)}")
            self.assertEqual(ops["QLinearConv"], convolutions)
            self.assertLessEqual(set(op for op in ops if ops[op]), {"QLinearConv", *left_over})
            exact = support.run_ours(integers, "reference", samples)
            for one, other in zip(support.run_ours(qdq, "reference", samples), exact):
                np.testing.assert_array_equal(one[0], other[0])
            for optimize in (False, True):
                theirs = support.run_theirs(support.session(integers, optimize=optimize), samples)
                self.assertGreaterEqual(support.top1_agreement(exact, theirs), 0.95)

    def test_digits(self):
        arguments = ["--calib-data", support.DIGITS / "calibration", "--scale", "1/255"]
        left_over = {"QuantizeLinear", "DequantizeLinear", "Add", "MaxPool", "GlobalAveragePool", "Flatten"}
        left_over |= {"MatMulInteger", "Cast", "Mul"}
        self.check(support.DIGITS / "digits.onnx", arguments, support.digits_samples(100), 7, left_over)

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_efficientnet_lite0(self):
        arguments = ["--calib-data", support.SHARED / "data" / "imagenet" / "calibration", "--calib-samples", 16]
        arguments += ["--resize", "256", "--crop", "224", "--mean", "127", "--std", "128"]
        left_over = {"QuantizeLinear", "DequantizeLinear", "Add", "GlobalAveragePool", "Reshape"}
        left_over |= {"MatMulInteger", "Cast", "Mul"}
        model = support.SHARED / "models" / "efficientnet_lite0.onnx"
        self.check(model, arguments, support.imagenet_samples(20), 49, left_over)


if __name__ == "__main__":
    unittest.main(verbosity=2)
