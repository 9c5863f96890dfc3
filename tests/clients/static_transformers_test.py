"""Transformers of --mode ptq-int8, whose wide channels are levelled: onnxruntime runs them and says what we say."""

import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import helper

import support

CHANNELS, WIDE = 64, 3


def block(folder) -> pathlib.Path:
    """A LayerNormalization with a wide channel, whose result two products and a sum read."""
    generator = np.random.default_rng(0)
    normal = lambda *shape: generator.normal(size=shape).astype(np.float32)
    scale = np.ones(CHANNELS, np.float32)
    scale[WIDE] = 40
    constants = {"s": scale, "b": normal(CHANNELS), "u": normal(CHANNELS, CHANNELS) / 8, "v": normal(CHANNELS, CHANNELS) / 8}
    nodes = [
        helper.make_node("LayerNormalization", ["x", "s", "b"], ["n"]),
        helper.make_node("MatMul", ["n", "u"], ["m"]),
        helper.make_node("Tanh", ["m"], ["t"]),
        helper.make_node("MatMul", ["t", "v"], ["p"]),
        helper.make_node("Add", ["p", "n"], ["y"]),
        helper.make_node("MatMul", ["n", "v"], ["z"]),
    ]
    model = pathlib.Path(folder) / "block.onnx"
    shape = ["batch", "words", CHANNELS]
    support.save_model(model, nodes, {"x": shape}, {"y": shape, "z": shape}, constants)
    return model


def block_samples(count) -> list[dict]:
    generator = np.random.default_rng(1)
    return [{"x": generator.normal(size=(1, 5 + i % 7, CHANNELS)).astype(np.float32)} for i in range(count)]


def save_samples(folder, samples):
    folder.mkdir()
    for i, sample in enumerate(samples):
        np.savez(folder / f"{i:03}.npz", **sample)


class StaticTransformers(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def quantized(self, model, data, *arguments) -> pathlib.Path:
        path = self.folder / "int8.onnx"
        support.quantize(model, "-o", path, "--mode", "ptq-int8", "--calib-data", data, "--no-verify", *arguments)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        return path

    def test_wide_channels_cost_little(self):
        model, samples = block(self.folder), block_samples(40)
        save_samples(self.folder / "samples", samples)
        tested = samples[:8]
        expected = support.run_theirs(support.session(model), tested)
        errors = {}
        for flags in ((), ("--no-levels",)):
            path = self.quantized(model, self.folder / "samples", "--calib-method", "minmax", *flags)
            theirs = support.run_theirs(support.session(path, optimize=False), tested)
            for backend in ("reference", "onednn"):
                ours = support.run_ours(path, backend, tested)
                self.assertLess(max(support.relative_difference(t[0], o[0]) for t, o in zip(theirs, ours)), 0.01)
            differences = [np.square(e[1] - t[1]).mean() for e, t in zip(expected, theirs)]
            errors[flags] = np.sqrt(np.mean(differences))
        print(f"block: error {errors[()]:.5f}, without levels {errors[('--no-levels',)]:.5f}")
        self.assertLess(4 * errors[()], errors[("--no-levels",)])

    def test_what_stored_weights_give_is_read_in_float_beside_its_product(self):
        """By a sum and as an output, of a table and of an LSTM, whose weights become bytes."""
        generator = np.random.default_rng(2)
        normal = lambda *shape: generator.normal(size=shape).astype(np.float32)
        scale = np.ones(CHANNELS, np.float32)
        scale[WIDE] = 40
        constants = {"t": normal(50, CHANNELS) * scale, "u": normal(CHANNELS, CHANNELS) / 8, "axes": np.array([1])}
        constants |= {"w": normal(1, 4 * CHANNELS, CHANNELS) / 8, "r": normal(1, 4 * CHANNELS, CHANNELS) / 8}
        nodes = [
            helper.make_node("Gather", ["t", "i"], ["e"]),
            helper.make_node("MatMul", ["e", "u"], ["m"]),
            helper.make_node("Add", ["m", "e"], ["y"]),
            helper.make_node("LSTM", ["e", "w", "r"], ["steps"], hidden_size=CHANNELS),
            helper.make_node("Squeeze", ["steps", "axes"], ["h"]),
            helper.make_node("MatMul", ["steps", "u"], ["n"]),
            helper.make_node("Add", ["n", "steps"], ["z"]),
        ]
        model = self.folder / "stored.onnx"
        shape = ["words", 1, CHANNELS]
        outputs = {"y": shape, "e": shape, "h": shape, "z": ["words", 1, 1, CHANNELS], "steps": ["words", 1, 1, CHANNELS]}
        support.save_model(model, nodes, {}, outputs, constants, inputs_of_integers={"i": ["words", 1]})
        samples = [{"i": generator.integers(0, 50, (5 + i % 3, 1))} for i in range(30)]
        save_samples(self.folder / "samples", samples)
        path = self.quantized(model, self.folder / "samples")
        expected, theirs = (support.run_theirs(support.session(p), samples[:8]) for p in (model, path))
        ours = support.run_ours(path, "onednn", samples[:8])
        for e, t, o in zip(expected, theirs, ours):
            for index in range(len(outputs)):
                self.assertGreater(support.cosine(e[index], t[index]), 0.995)
                self.assertGreater(support.cosine(o[index], t[index]), 0.9999)

    def test_ranges_that_are_saved_hold_the_levels(self):
        model = block(self.folder)
        save_samples(self.folder / "samples", block_samples(20))
        ranges = self.folder / "ranges.json"
        direct = self.quantized(model, self.folder / "samples", "--save-ranges", ranges).read_bytes()
        self.assertIn(b"n_level", direct)
        loaded = self.quantized(model, self.folder / "samples", "--load-ranges", ranges).read_bytes()
        self.assertEqual(direct, loaded)

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_minilm(self):
        model = support.SHARED / "models" / "minilm_l6.onnx"
        samples = support.text_samples(200)
        expected = support.sentences(support.run_theirs(support.session(model), samples), samples)
        path = self.quantized(model, support.SHARED / "data" / "text" / "calibration")
        theirs = support.run_theirs(support.session(path), samples)
        actual = support.sentences(theirs, samples)
        same = float((expected * actual).sum(1).mean())
        nearest = float((support.neighbours(expected) == support.neighbours(actual)).mean())
        print(f"minilm_l6: cosine {same:.4f}, same neighbour {100 * nearest:.1f} %")
        self.assertLess(path.stat().st_size, 0.26 * model.stat().st_size)
        self.assertGreaterEqual(same, 0.9975)
        self.assertGreaterEqual(nearest, 0.9)


if __name__ == "__main__":
    unittest.main(verbosity=2)
