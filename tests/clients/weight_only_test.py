"""Models with small weights load in onnxruntime, say there what they say here, and stay near the float model."""

import pathlib
import subprocess
import tempfile
import unittest

import onnx

import support


class WeightOnly(unittest.TestCase):
    def written(self, model, folder, *arguments) -> pathlib.Path:
        path = pathlib.Path(folder) / "weights.onnx"
        support.quantize(model, "-o", path, "--mode", "weight-only", *arguments)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        return path

    def check_digits(self, least_cosine, most_of_size, *arguments):
        model = support.DIGITS / "digits.onnx"
        samples = support.digits_samples(100)
        expected = support.run_theirs(support.session(model), samples)
        with tempfile.TemporaryDirectory() as folder:
            path = self.written(model, folder, *arguments)
            self.assertLess(path.stat().st_size, most_of_size * model.stat().st_size)
            theirs = support.run_theirs(support.session(path), samples)
            for backend in ("reference", "onednn"):
                ours = support.run_ours(path, backend, samples)
                self.assertLess(max(support.relative_difference(t[0], o[0]) for t, o in zip(theirs, ours)), 1e-4)
        same = min(support.cosine(e[0], t[0]) for e, t in zip(expected, theirs))
        print(f"digits {arguments}: cosine {same:.5f}")
        self.assertGreater(same, least_cosine)

    def test_weights_in_a_file_beside_the_model_are_not_written_over(self):
        with tempfile.TemporaryDirectory() as folder:
            model, weights = pathlib.Path(folder) / "digits.onnx", pathlib.Path(folder) / "digits.weights"
            onnx.save(onnx.load(support.DIGITS / "digits.onnx"), model, save_as_external_data=True,
                      location=weights.name, size_threshold=0)
            before = weights.read_bytes()
            result = subprocess.run([support.QUANTIZE, model, "--mode", "weight-only", "-o", weights], capture_output=True,
                                    text=True, check=False)
            self.assertEqual(result.returncode, 2)
            self.assertIn("holds weights of", result.stderr)
            self.assertEqual(weights.read_bytes(), before)

    def test_digits_in_bytes(self):
        self.check_digits(0.9995, 0.35)

    def test_digits_in_blocks(self):
        self.check_digits(0.995, 0.35, "--weight-bits", 4)

    def check_minilm(self, least_cosine, least_neighbours, *arguments):
        model = support.SHARED / "models" / "minilm_l6.onnx"
        samples = support.text_samples(200)
        expected = support.sentences(support.run_theirs(support.session(model), samples), samples)
        with tempfile.TemporaryDirectory() as folder:
            path = self.written(model, folder, *arguments)
            theirs = support.run_theirs(support.session(path), samples)
            # Its optimizations would quantize what small weights are multiplied with as well.
            plain = support.run_theirs(support.session(path, optimize=False), samples[:5])
            ours = support.run_ours(path, "onednn", samples[:5])
            self.assertLess(max(support.relative_difference(p[0], o[0]) for p, o in zip(plain, ours)), 1e-3)
        actual = support.sentences(theirs, samples)
        same = float((expected * actual).sum(1).mean())
        nearest = float((support.neighbours(expected) == support.neighbours(actual)).mean())
        print(f"minilm_l6 {arguments}: cosine {same:.4f}, same neighbour {100 * nearest:.1f} %")
        self.assertGreaterEqual(same, least_cosine)
        self.assertGreaterEqual(nearest, least_neighbours)

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_minilm_in_bytes(self):
        self.check_minilm(0.999, 0.95)

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_minilm_in_blocks(self):
        self.check_minilm(0.972, 0.8, "--weight-bits", 4)

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_minilm_for_onnxruntime(self):
        self.check_minilm(0.972, 0.75, "--weight-bits", 4, "--format", "ms")


if __name__ == "__main__":
    unittest.main(verbosity=2)
