"""Weights inside If, Loop and Scan bodies are quantized too; the results load in onnxruntime and say what ours say."""

import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import numpy_helper, parser

import support

# The graph, both branches of the If and the Scan read w; the Loop hands u around unchanged, and reads k, which it holds itself.
TEXT = """<ir_version: 8, opset_import: ["": 17]>
g (bool c, int64 n, float[2, 64] x) => (float[2, 64] y, float[2, 64] last) {
  x0 = MatMul(x, w)
  a = If (c) <
    then_branch = t () => (float[2, 64] p) { p = MatMul(x0, w) },
    else_branch = e () => (float[2, 64] q) { r = Relu(x0)  s = MatMul(r, w)  q = Gemm <transB = 1> (s, v) }>
  go = Constant <value = bool {1}> ()
  y, same = Loop (n, go, a, u) <
    body = l (int64 i, bool going, float[2, 64] s, float[64, 64] m) => (bool going_on, float[2, 64] d, float[64, 64] m2) {
      going_on = Identity(going)
      b = MatMul(s, m)
      f = MatMul(b, k)
      d = Tanh(f)
      m2 = Identity(m)
    }>
  rows = Unsqueeze(y, zero)
  last, all = Scan <num_scan_inputs = 1, body = z (float[2, 64] h, float[2, 64] row) => (float[2, 64] h2, float[2, 64] o) {
      j = MatMul(row, w)
      h2 = Add(h, j)
      o = Identity(h2)
    }> (y, rows)
}"""


def weights(*shape, seed):
    return (np.random.default_rng(seed).normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)


def save_model(path):
    model = parser.parse_model(TEXT)
    graph = model.graph
    for seed, name in enumerate("wvu"):
        graph.initializer.append(numpy_helper.from_array(weights(64, 64, seed=seed), name))
    graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), "zero"))
    loop = next(node for node in graph.node if node.op_type == "Loop")
    loop.attribute[0].g.initializer.append(numpy_helper.from_array(weights(64, 64, seed=9), "k"))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def floats_of(graph) -> int:
    """How many large float constants a graph and its bodies hold."""
    count = sum(i.data_type == onnx.TensorProto.FLOAT and np.prod(i.dims) >= 1024 for i in graph.initializer)
    bodies = [a.g for node in graph.node for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
    return count + sum(floats_of(body) for body in bodies)


class Bodies(unittest.TestCase):
    def check(self, least_cosine, most_of_size, *arguments):
        samples = [
            {"c": np.array(c), "n": np.array(n, np.int64), "x": np.random.default_rng(n).normal(size=(2, 64)).astype("f4")}
            for c, n in ((True, 1), (False, 2), (True, 3))
        ]
        with tempfile.TemporaryDirectory() as folder:
            model, path = pathlib.Path(folder) / "model.onnx", pathlib.Path(folder) / "small.onnx"
            save_model(model)
            support.quantize(model, "-o", path, *arguments)
            onnx.checker.check_model(onnx.load(path), full_check=True)
            self.assertEqual(floats_of(onnx.load(path).graph), 0)
            self.assertLess(path.stat().st_size, most_of_size * model.stat().st_size)
            expected = support.run_theirs(support.session(model), samples)
            theirs = support.run_theirs(support.session(path), samples)
            # Its optimizations would quantize what small weights are multiplied with as well.
            plain = support.run_theirs(support.session(path, optimize=False), samples)
            ours = support.run_ours(path, "onednn", samples)
        worst = min(self.cosine(e, t) for one, two in zip(expected, theirs) for e, t in zip(one, two))
        print(f"{arguments}: cosine {worst:.5f}")
        self.assertGreater(worst, least_cosine)
        for p, o in zip(plain, ours):
            self.assertGreater(min(self.cosine(a, b) for a, b in zip(p, o)), 0.9999)

    @staticmethod
    def cosine(a, b) -> float:
        a, b = np.ravel(a).astype(np.float64), np.ravel(b).astype(np.float64)
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    def test_dynamic(self):
        self.check(0.998, 0.35, "--mode", "dynamic")

    def test_weights_in_bytes(self):
        self.check(0.999, 0.35, "--mode", "weight-only")

    def test_weights_in_blocks(self):
        self.check(0.9, 0.27, "--mode", "weight-only", "--weight-bits", 4)

    def test_weights_for_onnxruntime(self):
        self.check(0.9, 0.27, "--mode", "weight-only", "--weight-bits", 4, "--format", "ms")

    def test_static_int8(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for seed in (1, 2, 3):
                x = np.random.default_rng(seed).normal(size=(2, 64)).astype("f4")
                np.savez(root / f"{seed}.npz", c=np.array(seed == 2), n=np.array(seed, np.int64), x=x)
            self.check(0.998, 0.45, "--mode", "ptq-int8", "--calib-data", root)

    def test_half(self):
        self.check(0.9999, 0.55, "--mode", "fp16")


if __name__ == "__main__":
    unittest.main(verbosity=2)
