"""Float models give the same outputs here as in onnxruntime: relative difference below 1e-4."""

import unittest

import numpy as np

import support


class FloatParity(unittest.TestCase):
    def check(self, model, samples):
        expected = support.run_theirs(support.session(model), samples)
        for backend in ("onednn", "reference"):
            actual = support.run_ours(model, backend, samples)
            worst = max(
                support.relative_difference(x, y) for xs, ys in zip(expected, actual) for x, y in zip(xs, ys)
            )
            print(f"{model.name} on {backend}: largest relative difference {worst:.2e}")
            self.assertLess(worst, 1e-4)

    def test_digits(self):
        self.check(support.DIGITS / "digits.onnx", support.digits_samples(16))

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_efficientnet_lite0(self):
        self.check(support.SHARED / "models" / "efficientnet_lite0.onnx", support.imagenet_samples(2))

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_resnet8(self):
        model = support.SHARED / "models" / "resnet8_cifar10.onnx"
        samples = support.random_samples(model, 4)
        for sample in samples:
            for name in sample:
                sample[name] = np.clip(sample[name] * 60 + 128, 0, 255).round().astype(np.float32)
        self.check(model, samples)

    @unittest.skipIf(support.skip_without_shared(), "shared models are absent")
    def test_minilm(self):
        self.check(support.SHARED / "models" / "minilm_l6.onnx", support.text_samples(2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
