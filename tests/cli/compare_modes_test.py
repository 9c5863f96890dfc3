"""scripts/compare_modes on the model that ships here. Python's standard library only."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["QUANTIZE_SOURCE_DIR"])
DIGITS = SOURCE / "models" / "digits"


def compare(*flags):
    command = [SOURCE / "scripts" / "compare_modes", DIGITS / "digits.onnx", "--binary", os.environ["QUANTIZE_BINARY"],
               "--calib-data", DIGITS / "calibration", "--data", DIGITS / "validation", *flags]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240, check=False)


class CompareModes(unittest.TestCase):
    def test_prints_a_table_of_modes_and_one_of_int8_forms(self):
        with tempfile.TemporaryDirectory() as folder:
            result = compare("--calib-samples", "20", "--flags=--scale=1/255", "--output", folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue((pathlib.Path(folder) / "per-tensor-symmetric-kl.onnx").exists())
        modes, forms = result.stdout.strip().split("\n\n")
        self.assertRegex(modes, r"\| float \| 99\.75 % \| 226\.3 kB \| \d+\.\d+ ms \|")
        self.assertIn("| fp16 | 9", modes)
        self.assertEqual(len(forms.splitlines()), 6)
        for row in forms.splitlines()[2:]:
            accuracies = re.findall(r"(\d+\.\d+) %", row)
            self.assertEqual(len(accuracies), 4, row)
            self.assertGreater(min(map(float, accuracies)), 97, row)

    def test_a_command_that_fails_is_shown_with_its_error(self):
        result = compare("--flags=--preset=nonsense")
        self.assertEqual(result.returncode, 1)
        self.assertIn("--mode ptq-int8", result.stderr)
        self.assertIn("quantize: ", result.stderr)
        self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
