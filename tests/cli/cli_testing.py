"""What tests of the real binary have in common. Python's standard library only."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BINARY = os.environ["QUANTIZE_BINARY"]
DIGITS = pathlib.Path(os.environ["QUANTIZE_SOURCE_DIR"]) / "models" / "digits"
PICTURES = DIGITS / "calibration"
SCALE = ["--scale", "1/255"]


def run(*arguments, **options):
    command = [BINARY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120,
                          check=False, **options)


class CliTest(unittest.TestCase):
    """Each test works in a folder of its own, on copies: a wrong command must not damage the sources."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quantize-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.model = pathlib.Path(shutil.copy(DIGITS / "digits.onnx", self.folder))
        self.output = self.folder / "out.onnx"

    def quantize(self, *flags, model=None, data=PICTURES, output=None, **options):
        return run(model or self.model, "--mode", "ptq-int8", "--calib-data", data, *SCALE,
                   "-o", output or self.output, *flags, **options)

    def quantized(self, *flags, **options):
        """The bytes of the written model."""
        self.assert_done(self.quantize(*flags, **options))
        return self.output.read_bytes()

    def plan(self, *flags):
        """Operator -> treatments of its nodes, as --dry-run prints them."""
        result = self.quantize("--dry-run", *flags)
        self.assert_done(result)
        rows = {}
        for line in result.stdout.split("\n\n")[0].splitlines():
            treatment, operator = line.replace("int8 (moves)", "moves").split()[:2]
            rows.setdefault(operator, set()).add(treatment)
        return rows

    def assert_done(self, result):
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def assert_refused(self, result, *parts, code=2):
        """One line that holds `parts`, and nothing written."""
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Aquantize: [^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertFalse(self.output.exists())
        self.assertEqual(list(self.folder.glob("*.tmp")), [])


class QuantizedTest(CliTest):
    """With an int8 model beside the float one."""

    def setUp(self):
        super().setUp()
        self.assert_done(self.quantize("-q"))
        self.int8 = self.folder / "digits.int8.onnx"
        self.output.rename(self.int8)
