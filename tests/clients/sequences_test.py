"""Models with ONNX sequences compute what they compute in onnxruntime, and can be quantized."""

import itertools
import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import support


def save_model(path, nodes, constants, opset):
    graph = helper.make_graph(
        nodes, "sequences",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5, 4, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)


class Sequences(unittest.TestCase):
    def check(self, nodes, constants, opset=17):
        sample = {"x": np.random.default_rng(1).normal(size=(5, 4, 64)).astype(np.float32)}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.onnx"
            save_model(path, nodes, constants, opset)
            theirs = support.session(path, optimize=False).run(None, sample)
            (ours,) = support.run_ours(path, "onednn", [sample])
            self.assertEqual(theirs[0].shape, ours[0].shape)
            np.testing.assert_allclose(theirs[0], ours[0], rtol=1e-4, atol=1e-4)

    def test_pieces_of_splits(self):
        splits = [(None, 5), (np.int64(1), 5), (np.int64(2), 3), (np.array([1, 0, 4]), 3)]
        for opset, axis, keep, (size, count) in itertools.product((12, 17), (0, -3), (0, 1), splits):
            if not keep and np.array_equal(size, 2):
                continue  # onnxruntime cannot drop an axis of two, which ONNX says is to be kept
            for position in (0, count - 1, -1, -count):
                with self.subTest(opset=opset, axis=axis, keep=keep, size=size, position=position):
                    sizes = {} if size is None else {"s": size}
                    nodes = [helper.make_node("SplitToSequence", ["x", *sizes], ["q"], axis=axis, keepdims=keep),
                             helper.make_node("SequenceAt", ["q", "at"], ["y"])]
                    self.check(nodes, {**sizes, "at": np.int64(position)}, opset)

    def test_lists_are_joined(self):
        for opset, axis, new in itertools.product((12, 17), (0, 1, -1), (0, 1)):
            with self.subTest(opset=opset, axis=axis, new=new):
                nodes = [helper.make_node("Neg", ["x"], ["n"]),
                         helper.make_node("SequenceConstruct", ["x", "n"], ["q"]),
                         helper.make_node("SequenceInsert", ["q", "x", "at"], ["r"]),
                         helper.make_node("SequenceErase", ["r"], ["e"]),
                         helper.make_node("ConcatFromSequence", ["e"], ["y"], axis=axis, new_axis=new)]
                self.check(nodes, {"at": np.int64(-1)}, opset)

    def test_every_mode_takes_a_model_with_sequences(self):
        weights = np.random.default_rng(2).normal(size=(64, 64)).astype(np.float32) / 8
        nodes = [helper.make_node("SplitToSequence", ["x"], ["q"], keepdims=0),
                 helper.make_node("SequenceAt", ["q", "zero"], ["a"]),
                 helper.make_node("SequenceAt", ["q", "last"], ["b"]),
                 helper.make_node("MatMul", ["a", "w"], ["p"]),
                 helper.make_node("SequenceConstruct", ["p", "b"], ["r"]),
                 helper.make_node("ConcatFromSequence", ["r"], ["y"], axis=0, new_axis=1)]
        constants = {"zero": np.int64(0), "last": np.int64(-1), "w": weights}
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            save_model(root / "m.onnx", nodes, constants, 17)
            sample = {"x": np.random.default_rng(1).normal(size=(5, 4, 64)).astype(np.float32)}
            (root / "data").mkdir()
            np.save(root / "data" / "0.npy", sample["x"])
            (expected,) = support.session(root / "m.onnx").run(None, sample)
            for mode in ("ptq-int8", "fp16", "dynamic", "weight-only"):
                with self.subTest(mode=mode):
                    support.quantize(root / "m.onnx", "--mode", mode, "-o", root / "o.onnx", "--calib-data", root / "data")
                    (found,) = support.session(root / "o.onnx").run(None, sample)
                    self.assertLess(support.relative_difference(expected, found), 0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
