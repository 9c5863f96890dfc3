"""What shells and man make of the files that the program prints of itself. Python's standard library only."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BINARY = os.environ["QUANTIZE_BINARY"]
SHELLS = ("bash", "zsh", "fish")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def printed(*arguments):
    result = run(BINARY, *arguments)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


class Bash(unittest.TestCase):
    """The script, sourced; each word list is what readline hands over when Tab is pressed."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quantize-shell-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "quantize.bash").write_text(printed("completion", "bash"))

    def completions(self, *words):
        script = ('source ./quantize.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _quantize; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        result = run("bash", "--norc", "-euc", script, "bash", "quantize", *words, cwd=self.folder)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return sorted(filter(None, result.stdout.splitlines()))

    def test_the_first_word_is_a_command_or_a_file(self):
        (self.folder / "eval_me.onnx").touch()
        self.assertEqual(self.completions("eval"), ["eval", "eval_me.onnx"])

    def test_flags_of_quantize(self):
        self.assertEqual(self.completions("model.onnx", "--calib-m"), ["--calib-method"])
        self.assertNotIn("--json", self.completions("model.onnx", "--"))

    def test_flags_of_a_command(self):
        self.assertEqual(self.completions("inspect", "--j"), ["--json"])
        self.assertNotIn("--calib-method", self.completions("inspect", "--"))

    def test_every_flag_of_help_is_offered(self):
        for command in ([], ["eval"], ["compare"], ["inspect"]):
            named = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", printed(*command, "--help"), re.MULTILINE))
            self.assertGreater(len(named), 4)
            self.assertEqual(named - set(self.completions(*(command or ["model.onnx"]), "--")), set())

    def test_values_of_a_flag(self):
        self.assertEqual(self.completions("m.onnx", "--calib-method", "m"), ["minmax", "mse"])
        self.assertIn("ptq-int8", self.completions("m.onnx", "--mode", ""))

    def test_values_behind_an_equals_sign(self):
        self.assertEqual(self.completions("m.onnx", "--calib-method", "=", "k"), ["kl"])
        self.assertIn("kl", self.completions("m.onnx", "--calib-method", "="))

    def test_a_flag_that_wants_a_folder_is_offered_folders(self):
        (self.folder / "some pictures").mkdir()
        (self.folder / "some.onnx").touch()
        self.assertEqual(self.completions("m.onnx", "--calib-data", "some"), ["some pictures"])

    def test_shells_are_offered_in_place_of_files(self):
        self.assertEqual(self.completions("completion", ""), sorted(SHELLS))


class EveryShell(unittest.TestCase):
    def test_reads_its_script_without_complaint(self):
        for shell in SHELLS:
            if not shutil.which(shell):
                continue
            with self.subTest(shell):
                result = run(shell, "-n", "/dev/stdin", input=printed("completion", shell))
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_another_shell_is_refused_with_those_there_are(self):
        result = run(BINARY, "completion", "tcsh")
        self.assertEqual(result.returncode, 2)
        for shell in SHELLS:
            self.assertIn(shell, result.stderr)

    @unittest.skipUnless(shutil.which("fish"), "needs fish")
    def test_fish_offers_flags_and_values(self):
        with tempfile.TemporaryDirectory(prefix="quantize-fish-") as folder:
            script = pathlib.Path(folder) / "quantize.fish"
            script.write_text(printed("completion", "fish"))

            def offered(line):
                result = run("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'", cwd=folder)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                return [row.split("\t")[0] for row in result.stdout.splitlines()]

            self.assertEqual(offered("quantize inspect --js"), ["--json"])
            self.assertEqual(offered("quantize m.onnx --calib-method k"), ["kl"])
            self.assertEqual(offered("quantize insp"), ["inspect"])


class ManPage(unittest.TestCase):
    def test_holds_every_flag_of_every_command(self):
        page = printed("man").replace("\\-", "-")
        for command in ([], ["eval"], ["compare"], ["inspect"]):
            for flag in re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", printed(*command, "--help"), re.MULTILINE):
                self.assertIn(flag, page)

    @unittest.skipUnless(shutil.which("mandoc"), "needs mandoc")
    def test_has_no_fault_that_a_checker_finds(self):
        result = run("mandoc", "-T", "lint", "-W", "warning", input=printed("man"))
        faults = [line for line in result.stdout.splitlines() if "missing date" not in line]
        self.assertEqual(faults, [])

    @unittest.skipUnless(shutil.which("man"), "needs man")
    def test_is_read_by_man(self):
        result = run("man", "--warnings", "-l", "-", input=printed("man"),
                     env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C"})
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("--calib-method", result.stdout)


if __name__ == "__main__":
    unittest.main()
