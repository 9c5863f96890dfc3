"""What a person and a build server see of `quantize eval`. Python's standard library only."""

import csv
import hashlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time
import unittest

from cli_testing import BINARY, DIGITS, QuantizedTest, run
from json_schema import faults

VALIDATION = DIGITS / "validation"
SCHEMA = pathlib.Path(os.environ["QUANTIZE_SOURCE_DIR"]) / "docs" / "eval-report.schema.json"
FAST = ["--latency-runs", "0"]


class EvalTest(QuantizedTest):
    def setUp(self):
        super().setUp()
        self.report = self.folder / "report.json"

    def evaluate(self, *flags, data=VALIDATION, models=None):
        return run("eval", *(models or [self.model, self.int8]), "--data", data, *flags)

    def reported(self, *flags, **options):
        """The JSON report, which fits its schema."""
        result = self.evaluate(*flags, "--report", self.report, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        report = json.loads(self.report.read_text())
        self.assertEqual(faults(report, json.loads(SCHEMA.read_text())), [])
        return report

    def flat_pictures(self, count=20):
        """A folder of pictures without class folders, and their labels."""
        folder = self.folder / "flat"
        folder.mkdir()
        labels = []
        for i, path in enumerate(sorted(VALIDATION.glob("*/*"))[::797 // count][:count]):
            shutil.copy(path, folder / f"{i:03}.png")
            labels.append(int(path.parent.name))
        return folder, labels


class Tables(EvalTest):
    def test_need_no_flags_for_a_model_that_says_how_its_pictures_are_prepared(self):
        result = self.evaluate("--latency-runs", "3", "--threads", "1")
        self.assert_done(result)
        for title in ("accuracy ", "outputs beside the baseline's ", "latency ", "size "):
            self.assertRegex(result.stdout, f"(?m)^{title}")
        self.assertRegex(result.stdout, r"(?m)^digits.onnx +9\d\.\d\d %")
        self.assertRegex(result.stdout, r"(?m)^digits.int8.onnx +9\d\.\d\d %")

    def test_say_how_sure_a_difference_is(self):
        self.assertRegex(self.evaluate(*FAST).stdout, "797 samples show no difference from digits.onnx; a drop of up to ")

    def test_have_no_latency_when_none_is_asked_for(self):
        self.assertNotIn("latency", self.evaluate(*FAST).stdout)

    def test_of_layers_show_the_slowest_and_the_worst(self):
        text = self.evaluate(*FAST, "--layers").stdout
        self.assertIn("digits.int8.onnx: slowest steps", text)
        self.assertRegex(text, r"digits.int8.onnx: farthest from the baseline")
        self.assertRegex(text, r"1\d of \d+ steps have a counterpart in the baseline")

    def test_of_saturation_name_the_layers(self):
        self.quantized("--target", "x86-vnni")
        result = self.evaluate(*FAST, "--isa-effects", models=[self.model, self.output])
        self.assert_done(result)
        self.assertIn("digits.onnx has no int8 layers", result.stdout)
        self.assertRegex(result.stdout, r"same top-1 as exact sums: \d+\.\d\d %; top-1 \d+")
        self.assertRegex(result.stdout, r"\d of 8 int8 layers change, given exact inputs \(64 samples\)")

    def test_of_one_model_compare_nothing(self):
        text = self.evaluate(*FAST, models=[self.int8]).stdout
        self.assertNotIn("drop", text)
        self.assertNotIn("baseline", text)

    def test_put_the_baseline_in_front(self):
        text = self.evaluate(*FAST, "--baseline", self.model, models=[self.int8]).stdout
        self.assertLess(text.index("\ndigits.onnx"), text.index("\ndigits.int8.onnx"))
        self.assertIn("no difference from digits.onnx", text)


class Reports(EvalTest):
    def test_in_json_fit_their_schema_with_everything_measured(self):
        report = self.reported("--latency-runs", "2", "--batch-sizes", "1,4", "--layers", "--isa-effects",
                               "--fail-if", "top1_drop > 50")
        self.assertEqual([model["name"] for model in report["models"]], ["digits.onnx", "digits.int8.onnx"])
        self.assertEqual([row["batch"] for row in report["models"][1]["latency"]], [1, 4])
        self.assertGreater(report["models"][1]["peak_memory_bytes"], 1 << 20)
        self.assertEqual(report["arguments"][0], "eval")

    def test_in_json_fit_their_schema_with_nothing_measured(self):
        report = self.reported(*FAST, models=[self.int8])
        self.assertIsNone(report["baseline"])
        self.assertEqual(report["models"][0]["latency"], [])

    def test_know_models_and_data_by_their_hashes(self):
        report = self.reported(*FAST)
        self.assertEqual(report["models"][0]["sha256"], hashlib.sha256(self.model.read_bytes()).hexdigest())
        names = sorted(str(path.relative_to(VALIDATION)) for path in VALIDATION.glob("*/*"))
        lines = "".join(f"{hashlib.sha256((VALIDATION / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
        self.assertEqual(report["data"]["sha256"], hashlib.sha256(lines.encode()).hexdigest())

    def test_match_every_layer_of_our_own_models(self):
        layers = self.reported(*FAST, "--layers")["models"][1]["layers"]
        integers = [row for row in layers if row["type"] == "uint8"]
        self.assertGreater(len(integers), 8)
        self.assertEqual([row["value"] for row in integers if row["baseline_value"] is None], [])
        self.assertGreater(min(row["cosine"] for row in integers), 0.98)

    def test_come_as_markdown_and_html_too(self):
        self.assert_done(self.evaluate(*FAST, "--report", self.folder / "r.md", "--report", self.folder / "r.html"))
        self.assertIn("| digits.int8.onnx |", (self.folder / "r.md").read_text())
        self.assertIn("<html", (self.folder / "r.html").read_text())

    def test_of_other_endings_are_refused_before_the_work(self):
        self.assert_refused(self.evaluate("--report", self.folder / "r.pdf"), ".json", ".md", ".html")
        self.assert_refused(self.evaluate("--report", "nowhere/r.json"), "nowhere")

    def test_hold_the_same_accuracy_for_any_number_of_threads(self):
        reports = [self.reported(*FAST, "--threads", str(n)) for n in (1, 3)]
        for key in ("accuracy", "drop", "outputs"):
            self.assertEqual(*(report["models"][1][key] for report in reports))

    def test_predictions_hold_a_row_for_each_model_and_sample(self):
        path = self.folder / "p.csv"
        self.assert_done(self.evaluate(*FAST, "--predictions", path))
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 2 * 797)
        self.assertEqual({row["model"] for row in rows}, {"digits.onnx", "digits.int8.onnx"})
        right = sum(row["label"] == row["prediction"] for row in rows[:797])
        self.assertGreater(right, 780)
        self.assertEqual(rows[0]["top5"].split()[0], rows[0]["prediction"])


class LabelFiles(EvalTest):
    def top1(self, *flags, data):
        return self.reported(*FAST, *flags, data=data, models=[self.int8])["models"][0]["accuracy"]["top1_percent"]

    def test_csv_in_the_data_folder_is_found(self):
        folder, labels = self.flat_pictures()
        (folder / "labels.csv").write_text("path,label\n" + "".join(f"{i:03}.png,{n}\n" for i, n in enumerate(labels)))
        self.assertGreater(self.top1(data=folder), 90)

    def test_tsv_and_arrays_can_be_given(self):
        folder, labels = self.flat_pictures()
        tsv = self.folder / "some.tsv"
        tsv.write_text("".join(f"{i:03}.png\t{n}\n" for i, n in enumerate(labels)))
        array = self.folder / "some.npy"
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(labels)},), }}".ljust(117) + "\n"
        array.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(labels))
        self.assertEqual(self.top1("--labels", tsv, data=folder), self.top1("--labels", array, data=folder))

    def test_without_any_only_agreement_is_reported(self):
        folder, _ = self.flat_pictures()
        report = self.reported(*FAST, data=folder)
        self.assertIsNone(report["models"][1]["accuracy"])
        self.assertGreater(report["models"][1]["same_top1_percent"], 90)

    def test_that_do_not_fit_are_refused(self):
        folder, labels = self.flat_pictures()
        file = folder / "labels.csv"
        file.write_text("000.png,1\n")
        self.assert_refused_in_context(self.evaluate(*FAST, data=folder), "no label for '001.png'")
        file.write_text("".join(f"{i:03}.png,{99}\n" for i in range(len(labels))))
        self.assert_refused_in_context(self.evaluate(*FAST, data=folder), "label 99", "10 classes")
        file.write_text("000.png,1\n001.png,cat\n")
        self.assert_refused_in_context(self.evaluate(*FAST, data=folder), "line 2", "'cat'")

    def assert_refused_in_context(self, result, *parts):
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)


class Gates(EvalTest):
    def test_that_hold_end_with_1_and_the_line(self):
        result = self.evaluate(*FAST, "--fail-if", "size_ratio > 0.01", "--fail-if", "top1_drop > 50")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Aquantize: size_ratio > 0.01 failed: digits.int8.onnx has 0\.\d+\n\Z")
        self.assertIn("top1_drop > 50 passed", result.stdout)

    def test_that_do_not_hold_end_with_0(self):
        self.assert_done(self.evaluate(*FAST, "--fail-if", "size_ratio > 0.9", "--fail-if", "sqnr < 10 dB"))

    def test_are_judged_after_the_reports_are_written(self):
        self.evaluate(*FAST, "--fail-if", "size_ratio > 0.01", "--report", self.report)
        self.assertTrue(json.loads(self.report.read_text())["gates"][0]["failed"])

    def test_with_unknown_names_list_the_names(self):
        self.assert_refused(self.evaluate("--fail-if", "top1_loss > 1"), "top1_drop", "p50", "size_ratio")

    def test_that_cannot_be_judged_are_refused_before_the_work(self):
        self.assert_refused(self.evaluate(*FAST, "--fail-if", "p50 > 1 ms"), "--latency-runs")
        self.assert_refused(self.evaluate(*FAST, "--fail-if", "top1_drop > 1", models=[self.int8]), "--baseline")


class Mistakes(EvalTest):
    def test_a_missing_model_is_named(self):
        self.assert_refused(self.evaluate(models=["nope.onnx"]), "'nope.onnx'")
        self.assert_refused(self.evaluate("--baseline", "nope.onnx"), "'nope.onnx'")

    def test_data_is_required_and_must_be_there(self):
        self.assert_refused(run("eval", self.model), "--data")
        self.assert_refused(self.evaluate(data="nowhere"), "nowhere")

    def test_unknown_metrics_and_batch_sizes_are_refused(self):
        self.assert_refused(self.evaluate("--metric", "beauty"), "beauty", "classes")
        self.assert_refused(self.evaluate("--batch-sizes", "1,0"), "--batch-sizes")

    def test_an_interrupt_ends_with_130_and_leaves_nothing(self):
        command = [BINARY, "eval", self.model, self.int8, "--data", VALIDATION, "--latency-runs", "10000000",
                   "--report", self.report]
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
        self.assertEqual((process.returncode, output, errors), (130, b"", b"quantize: interrupted\n"))
        self.assertFalse(self.report.exists())

    def test_a_reader_that_leaves_early_sees_no_error(self):
        command = f"'{BINARY}' eval '{self.int8}' --data '{VALIDATION}' --latency-runs 0 | head -1"
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.stderr, "")
        self.assertEqual(len(result.stdout.splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
