"""scripts/bench without what it measures against: its flags, its page, how it watches commands, and our latency server."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["QUANTIZE_SOURCE_DIR"])
LATENCY_BENCH = os.environ["QUANTIZE_LATENCY_BENCH"]
DIGITS = SOURCE / "models" / "digits"
sys.path.insert(0, str(SOURCE / "scripts"))

from benchmark import arguments, command, files, report  # noqa: E402
from benchmark.paths import BenchError  # noqa: E402


def latency_row(model, kind, threads, ours, onnxruntime, openvino=None):
    times = {"quantize": ours, "onnxruntime": onnxruntime}
    if openvino is not None:
        times["openvino"] = openvino
    return {
        "model": model,
        "kind": kind,
        "threads": threads,
        "median_ms": times,
        "ratio": ours / min(time for runtime, time in times.items() if runtime != "quantize"),
        "load_ms": dict.fromkeys(times, 7.0),
        "first_run_ms": dict.fromkeys(times, 2.0),
    }


class LatencyCheck(unittest.TestCase):
    def test_holds_the_loop_against_eval_alone_and_together(self):
        model = DIGITS / "digits.onnx"
        result = subprocess.run([SOURCE / "scripts" / "check_latency", model, model, "--data", DIGITS / "validation",
                                 "--binary", os.environ["QUANTIZE_BINARY"], "--loop", LATENCY_BENCH, "--threads", "1",
                                 "--rounds", "1", "--runs", "10", "--within", "1e9"],
                                capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"(?m)^digits.onnx( +\d+\.\d{3} ms( +[+-]\d+\.\d %)?){3}$")


class Flags(unittest.TestCase):
    def run_bench(self, *flags):
        return subprocess.run([SOURCE / "scripts" / "bench", *flags], capture_output=True, text=True)

    def test_a_wrong_flag_ends_before_anything_is_installed_or_built(self):
        result = self.run_bench("--quik")
        self.assertEqual(result.returncode, 2)
        self.assertIn("unrecognized arguments: --quik", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_a_part_that_does_not_exist_is_refused_with_those_that_do(self):
        result = self.run_bench("--only", "speed")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, "choose from '?latency'?, '?calibration'?, '?kernels'?")

    def test_help_is_printed_and_nothing_else_is_done(self):
        result = self.run_bench("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("docs/benchmarks.md", " ".join(result.stdout.split()))

    def test_nothing_given_means_a_complete_run(self):
        flags = arguments.parse([])
        self.assertFalse(flags.quick)
        self.assertIsNone(flags.only)


class Page(unittest.TestCase):
    MACHINE = {
        "date": "2026-01-02",
        "command": "scripts/bench",
        "cpu": "Some CPU",
        "cores": 2,
        "memory_gib": 4.0,
        "int8_instructions": ["avx2"],
        "system": "Linux",
        "quantize": "quantize 1.2.3",
        "revision": "abc",
        "packages": {"onnxruntime": "9.9"},
        "our_cpu": {"isa": "avx2", "has_vnni": False},
    }

    def test_the_fastest_is_bold_and_the_ratio_is_to_the_faster_of_the_others(self):
        page = report.page({"rounds": 8, "machine": self.MACHINE, "latency": [latency_row("m", "float", 2, 3.0, 2.0, 4.0)]})
        self.assertIn("| m     | float |    3.000 |   **2.000** |    4.000 |  1.50 |", page)

    def test_each_number_of_threads_has_a_table(self):
        rows = [latency_row("m", "int8", threads, 1.0, 2.0, 3.0) for threads in (1, 2)]
        page = report.page({"rounds": 8, "machine": self.MACHINE, "latency": rows})
        self.assertLess(page.index("### 2 threads"), page.index("### 1 thread\n"))
        self.assertEqual(page.count("| m     | int8, our file | **1.000** |       2.000 |    3.000 |  0.50 |"), 2)

    def test_a_runtime_that_cannot_run_a_model_has_an_empty_cell(self):
        page = report.page({"rounds": 8, "machine": self.MACHINE, "latency": [latency_row("m", "dynamic", 1, 3.0, 2.0)]})
        self.assertIn("| m     | dynamic, our file |    3.000 |   **2.000** |          |  1.50 |", page)
        self.assertIn("| m     | dynamic, our file |    7 + 2 |       7 + 2 |          |", page)

    def test_a_command_is_compared_with_the_one_it_names(self):
        entries = [
            {"title": "ours", "reference": "theirs", "seconds": 1.0, "peak_mib": 50.0},
            {"title": "theirs", "reference": None, "seconds": 4.0, "peak_mib": 100.0},
        ]
        calibration = {"model": "m", "samples": 200, "commands": entries}
        page = report.page({"rounds": 8, "machine": self.MACHINE, "calibration": calibration})
        self.assertIn("| ours    |    1.00 |  50 | 0.250 |  0.500 | theirs |", page)
        self.assertIn("| theirs  |    4.00 | 100 |       |        |        |", page)

    def test_a_peer_that_failed_is_named_and_compared_with_nothing(self):
        entries = [
            {"title": "ours", "reference": "theirs", "seconds": 1.0, "peak_mib": 50.0},
            {"title": "theirs", "reference": None, "failure": "no memory"},
        ]
        calibration = {"model": "m", "samples": 200, "commands": entries}
        page = report.page({"rounds": 8, "machine": self.MACHINE, "calibration": calibration})
        self.assertIn("| ours    |    1.00 |  50 |      |        |     |", page)
        self.assertIn("| theirs  |  failed |", page)

    def test_a_kernel_is_compared_with_reading_memory_beyond_the_caches(self):
        def row(name, speed):
            return {"name": name, "microseconds": 2.0, "bytes_per_second": speed}

        rows = [row("readMemory/bytes:9", 60e9), row("readMemory/bytes:99", 20e9), row("sums", 5e9), row("search", None)]
        page = report.page({"rounds": 8, "machine": self.MACHINE, "kernels": rows})
        self.assertIn("| sums                |          2.0 |  5.00 |      0.25 |", page)
        self.assertIn("| search              |          2.0 |       |           |", page)

    def test_the_head_says_how_to_repeat_it_and_what_the_cpu_does_to_sums(self):
        page = report.page({"rounds": 8, "machine": self.MACHINE})
        self.assertIn("```\nscripts/bench\n```", page)
        self.assertIn("oneDNN runs as on avx2, where sums of u8 x s8 are saturated in 16 bits", page)

    def test_tables_are_padded_words_to_the_left_and_numbers_to_the_right(self):
        lines = report.table(["what", "who", "s"], [["a", "somebody", 12.5]], text_columns=2).splitlines()
        self.assertEqual(lines[0], "| what | who      |    s |")
        self.assertEqual(lines[1], "| ---- | -------- | ---: |")
        self.assertEqual(lines[2], "| a    | somebody | 12.5 |")


class Commands(unittest.TestCase):
    def test_the_peak_is_that_of_the_command(self):
        grow = "import time; held = bytearray(200 << 20); time.sleep(0.2)"
        self.assertGreater(command.run([sys.executable, "-c", grow]).peak_mib, 200)
        self.assertLess(command.run([sys.executable, "-c", "import time; time.sleep(0.2)"]).peak_mib, 100)

    def test_a_command_that_fails_shows_what_it_said(self):
        with self.assertRaisesRegex(BenchError, "gave 3:\nno luck"):
            command.run([sys.executable, "-c", "print('no luck'); raise SystemExit(3)"])

    def test_a_result_replaces_the_file_whole_and_leaves_nothing_beside_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "page.md"
            path.write_text("old")
            files.replace(path, "new")
            self.assertEqual(path.read_text(), "new")
            self.assertEqual(os.listdir(folder), ["page.md"])


class LatencyServer(unittest.TestCase):
    def ask(self, *lines):
        text = "".join(line + "\n" for line in lines)
        return subprocess.run([LATENCY_BENCH], input=text, capture_output=True, text=True)

    def load(self, folder):
        (pathlib.Path(folder) / "0.png").symlink_to(next((DIGITS / "validation").rglob("*.png")))
        return f"load\td\t{DIGITS / 'digits.onnx'}\t{folder}"

    def test_answers_two_times_to_load_and_as_many_as_asked_to_run(self):
        with tempfile.TemporaryDirectory() as folder:
            answers = self.ask(self.load(folder), "run\td\t3").stdout.splitlines()
        self.assertEqual([len(answer.split()) for answer in answers], [2, 3])
        self.assertTrue(all(float(word) > 0 for answer in answers for word in answer.split()))

    def test_a_model_that_was_not_loaded_is_named(self):
        result = self.ask("run\tnobody\t3")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no model 'nobody' was loaded", result.stderr)

    def test_a_line_that_is_no_command_is_answered_with_those_that_are(self):
        result = self.ask("stop")
        self.assertEqual(result.returncode, 2)
        self.assertIn("neither load NAME MODEL SAMPLES nor run NAME COUNT", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
