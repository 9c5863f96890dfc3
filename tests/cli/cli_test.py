"""What a person sees of the real binary: output, exit codes, files. Python's standard library only."""

import concurrent.futures
import json
import random
import shutil
import signal
import subprocess
import time
import unittest

from cli_testing import BINARY, PICTURES, SCALE, CliTest, run


class Recommending(CliTest):
    def test_says_what_the_model_is_and_which_mode_suits(self):
        result = run(self.model)
        self.assert_done(result)
        self.assertIn("digits.onnx: convolutional network, 226.3 kB, 0.1 M parameters, opset ", result.stdout)
        self.assertRegex(result.stdout, r"\n  ptq-int8 +\d+\.\d kB \(\d+ %\) +needed ")
        self.assertIn(f"Recommended: ptq-int8. quantize {self.model} --mode ptq-int8 --calib-data DIR\n", result.stdout)
        self.assertEqual(list(self.folder.iterdir()), [self.model])

    def test_names_the_samples_that_were_given(self):
        self.assertIn(f"--mode ptq-int8 --calib-data {PICTURES}\n", run(self.model, "--calib-data", PICTURES).stdout)

    def test_writes_nothing_so_that_a_file_needs_a_mode(self):
        self.assert_refused(run(self.model, "-o", self.output), "--output needs a mode", "--mode NAME")


class Quantizing(CliTest):
    def test_writes_the_model_and_prints_a_summary(self):
        result = self.quantize()
        self.assert_done(result)
        self.assertLess(self.output.stat().st_size, self.model.stat().st_size)
        titles = [line.split()[0] for line in result.stdout.splitlines()[1:] if line[2] != " "]
        self.assertEqual(titles, ["size", "calibrated", "pictures", "int8", "float", "target", "verified", "took"])

    def test_has_no_colours_and_bars_in_a_pipe(self):
        result = self.quantize("-v")
        self.assertEqual(result.returncode, 0)
        self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertNotIn("\r", result.stdout + result.stderr)

    def test_writes_beside_the_model_by_default(self):
        self.assert_done(run(self.model, "--mode", "ptq-int8", "--calib-data", PICTURES, *SCALE))
        self.assertTrue((self.folder / "digits.int8.onnx").exists())

    def test_quietly_prints_nothing(self):
        result = self.quantize("-q")
        self.assert_done(result)
        self.assertEqual(result.stdout, "")
        self.assertTrue(self.output.exists())

    def test_dry_run_gives_a_reason_for_every_node_and_writes_nothing(self):
        result = self.quantize("--dry-run")
        self.assert_done(result)
        nodes = result.stdout.split("\n\n")[0].splitlines()
        self.assertEqual(len(nodes), 20)
        for line in nodes:
            self.assertRegex(line, r"^(int8|int8 \(moves\)|absorbed|float) +\w+ +/\S+ +\w.+$")
        self.assertEqual(list(self.folder.iterdir()), [self.model])

    def test_report_holds_nodes_values_and_verification(self):
        path = self.folder / "r.json"
        self.assert_done(self.quantize("--report", path, "--verify", "3", "--verify-exact"))
        report = json.loads(path.read_text())
        self.assertEqual(len(report["nodes"]), 20)
        self.assertIn("image", [row["value"] for row in report["values"]])
        self.assertEqual([(row["backend"], row["samples"]) for row in report["verification"]],
                         [("onednn", 3), ("reference", 3)])

    def test_nodes_that_lose_too_much_stay_float_and_are_named(self):
        flags = ("--min-cosine", "0.99999")
        result = self.quantize(*flags)
        self.assert_done(result)
        self.assertRegex(result.stdout, r"warning +the result is far from the float model: cosine 0\.9999\d, under 0\.99999; left in float: ")
        self.assertRegex(result.stdout, r"float +\d+ ")
        named = self.quantize(*flags, "--no-mend").stdout
        self.assertIn("; it comes from ", named)
        self.assertRegex(named, r"float +none")
        self.assertNotIn("warning", self.quantize().stdout)

    def test_without_samples_what_loses_most_is_named(self):
        result = run(self.model, "--mode", "weight-only", "--weight-bits", "4", "--min-cosine", "1", "-o", self.folder / "w4.onnx")
        self.assert_done(result)
        self.assertRegex(result.stdout, r"on made-up numbers; most is lost up to \S+ \(\w+, \d+\.\d dB by itself\), \S+ \(")

    def test_a_later_flag_replaces_an_earlier_one(self):
        self.assert_done(self.quantize("--calib-samples", "5", "--calib-samples", "7"))
        self.assertIn("7 of 200 samples", self.quantize("--calib-samples", "5", "--calib-samples", "7").stdout)


class Targets(CliTest):
    def test_the_default_is_x86(self):
        self.assertEqual(self.quantized(), self.quantized("--target", "x86"))

    def test_the_model_remembers_its_target(self):
        self.assertIn(b"x86-vnni", self.quantized("--target", "x86-vnni"))

    def test_the_plan_names_changed_channels_only_for_x86(self):
        self.assertIn("target x86: pairs of neighbouring weights above 128", self.quantize("--dry-run").stdout)
        self.assertNotIn("neighbouring", self.quantize("--dry-run", "--target", "x86-vnni").stdout)

    def test_unknown_ones_are_refused(self):
        self.assert_refused(self.quantize("--target", "arm"), "--target", "x86-vnni")

    def test_are_explained_by_help(self):
        text = run("--help").stdout
        self.assertIn("--target NAME", text)
        self.assertIn("x86-vnni: ", text)


class Ranges(CliTest):
    def test_without_samples_nothing_is_verified_and_that_is_said(self):
        ranges = self.folder / "ranges.json"
        self.assert_done(self.quantize("--save-ranges", ranges))
        result = run(self.model, "--mode", "ptq-int8", "--load-ranges", ranges, "-o", self.folder / "loaded.onnx")
        self.assert_done(result)
        self.assertRegex(result.stdout, r"verified +no: no samples were given beside the ranges; --calib-data DIR adds them")

    def test_loaded_ranges_give_the_same_bytes(self):
        path = self.folder / "ranges.json"
        direct = self.quantized("--save-ranges", path)
        self.assertEqual(self.quantized("--load-ranges", path), direct)

    def test_of_another_model_are_refused(self):
        path = self.folder / "ranges.json"
        self.quantized("--save-ranges", path)
        other = self.folder / "other.onnx"
        shutil.move(self.output, other)
        self.assert_refused(self.quantize("--load-ranges", path, model=other), "ranges.json", "another model")

    def test_do_not_depend_on_threads_or_batch_size(self):
        expected = self.quantized("--threads", "1")
        for flags in (["--threads", "2"], ["--batch-size", "7"], ["--batch-size", "1000"]):
            with self.subTest(flags):
                self.assertEqual(self.quantized(*flags), expected)

    def test_do_not_depend_on_the_order_of_files(self):
        shuffled = self.folder / "shuffled"
        shuffled.mkdir()
        pictures = sorted(PICTURES.rglob("*.png"))
        random.Random(3).shuffle(pictures)
        for index, picture in enumerate(pictures):
            shutil.copy(picture, shuffled / f"{index:03}.png")
        one, other = self.folder / "one.json", self.folder / "other.json"
        self.assert_done(self.quantize("--save-ranges", one))
        self.assert_done(self.quantize("--save-ranges", other, data=shuffled))
        self.assertEqual(one.read_bytes(), other.read_bytes())


class Choices(CliTest):
    def test_every_calibration_method_works_and_differs(self):
        models = {self.quantized("--calib-method", name) for name in ("minmax", "percentile", "kl", "mse")}
        self.assertEqual(len(models), 4)

    def test_every_form_of_integers_gives_another_model(self):
        flags = [[], ["--per-tensor"], ["--activations", "s8"], ["--symmetric"], ["--activations", "s8", "--symmetric"]]
        self.assertEqual(len({self.quantized(*row) for row in flags}), len(flags))

    def test_all_nodes_excluded_stay_float(self):
        self.assertEqual(set().union(*self.plan("--exclude-node", "*").values()), {"float"})

    def test_an_operator_excluded_stays_float(self):
        rows = self.plan("--exclude-op", "Gemm")
        self.assertEqual((rows["Gemm"], rows["Conv"]), ({"float"}, {"int8"}))

    def test_only_the_operator_named_is_quantized(self):
        rows = self.plan("--op", "Gemm")
        self.assertEqual((rows["Gemm"], rows["Conv"]), ({"int8"}, {"float"}))

    def test_only_the_node_named_is_quantized(self):
        rows = self.plan("--include-node", "/classifier/*")
        self.assertEqual((rows["Gemm"], rows["Conv"]), ({"int8"}, {"float"}))

    def test_first_and_last_nodes_can_be_excluded(self):
        self.assertEqual(self.plan("--exclude-first", "1")["Conv"], {"int8", "float"})
        self.assertEqual(self.plan("--exclude-last", "1")["Gemm"], {"float"})

    def test_an_unknown_node_is_answered_with_the_nearest_name(self):
        self.assert_refused(self.quantize("--exclude-node", "/classifier/Gem"), "'/classifier/Gem'",
                            "nearest is '/classifier/Gemm'")


class Dynamic(CliTest):
    """--mode dynamic needs no samples."""

    def dynamic(self, *flags):
        return run(self.model, "--mode", "dynamic", *flags)

    def test_writes_beside_the_model_without_samples(self):
        result = self.dynamic("--dynamic-conv")
        self.assert_done(result)
        self.assertRegex(result.stdout, r"int8 +7 Conv\b")
        written = self.folder / "digits.dynamic.onnx"
        self.assertLess(written.stat().st_size, 0.5 * self.model.stat().st_size)

    def test_the_plan_says_why_convolutions_stay_float_and_how_they_need_not(self):
        result = self.dynamic("--dry-run")
        self.assert_done(result)
        self.assertRegex(result.stdout, r"float +Conv +/stem/stem.0/Conv +a convolution; --dynamic-conv quantizes it")

    def test_a_model_without_anything_to_quantize_is_announced(self):
        result = self.dynamic("-o", self.output)
        self.assert_done(result)
        self.assertRegex(result.stdout, r"warning +nothing was quantized: .*--dynamic-conv.*--mode ptq-int8")


class Formats(CliTest):
    def test_integer_operators_are_another_model_as_near_to_float(self):
        def verified(*flags):
            result = self.quantize(*flags)
            self.assert_done(result)
            return self.output.read_bytes(), [line for line in result.stdout.splitlines() if "verified" in line]

        qdq, integers = verified("--format", "qdq"), verified("--format", "qoperator")
        self.assertNotEqual(qdq[0], integers[0])
        self.assertIn(b"QLinearConv", integers[0])
        self.assertEqual(qdq[1], integers[1])

    def test_one_that_the_mode_does_not_have_is_refused(self):
        self.assert_refused(self.quantize("--format", "ms"), "--format ms", "qoperator")


class Streams(CliTest):
    def test_a_reader_that_leaves_early_sees_no_error(self):
        command = f"'{BINARY}' '{self.model}' --mode ptq-int8 --calib-data '{PICTURES}' --scale 1/255 --dry-run | true"
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.stderr, "")

    def test_a_full_disk_behind_standard_output_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([BINARY, self.model, "--mode", "ptq-int8", "--calib-data", PICTURES, *SCALE, "--dry-run"], stdout=full,
                                    stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual((result.returncode, result.stderr), (2, "quantize: cannot write to standard output\n"))

    def test_closed_streams_do_not_reach_into_the_model(self):
        expected = self.quantized()
        other = self.folder / "closed.onnx"
        command = f"'{BINARY}' '{self.model}' --mode ptq-int8 --calib-data '{PICTURES}' --scale 1/255 -o '{other}' >&- 2>&- <&-"
        self.assertEqual(subprocess.run(["bash", "-c", command], timeout=60, check=False).returncode, 0)
        self.assertEqual(other.read_bytes(), expected)

    def test_an_interrupt_ends_with_130_and_leaves_nothing(self):
        many = self.folder / "many"
        many.mkdir()
        pictures = sorted(PICTURES.rglob("*.png"))
        for index in range(20000):
            (many / f"{index:05}.png").symlink_to(pictures[index % len(pictures)])
        command = [BINARY, self.model, "--mode", "ptq-int8", "--calib-data", many, *SCALE, "--calib-samples", "0", "-o", self.output]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            time.sleep(0.7)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err), (130, "", "quantize: interrupted\n"))
        self.assertFalse(self.output.exists())
        self.assertEqual(list(self.folder.glob("*.tmp")), [])


class Inspecting(CliTest):
    def test_tells_what_is_quantized(self):
        self.quantized()
        result = run("inspect", self.output)
        self.assert_done(result)
        self.assertIn("quantized  int8: 7 Conv, 1 Gemm\n", result.stdout)
        self.assertIn("100.0 % int8; with batch = 1\n", result.stdout)

    def test_json_holds_every_layer(self):
        result = run("inspect", self.model, "--json", "--size", "batch=2")
        self.assert_done(result)
        layers = json.loads(result.stdout)["layers"]
        self.assertEqual([layer["op"] for layer in layers].count("Conv"), 7)

    def test_a_damaged_file_is_refused(self):
        self.model.write_bytes(b"no model")
        self.assert_refused(run("inspect", self.model), str(self.model))


class Help(CliTest):
    def test_has_examples_and_fits_a_terminal(self):
        for command in (["--help"], ["eval", "--help"], ["inspect", "--help"]):
            with self.subTest(command):
                result = run(*command)
                self.assert_done(result)
                self.assertIn("Examples:\n  quantize ", result.stdout)
                self.assertNotRegex(result.stdout, r"--[a-z-]+ [A-Z]+:")  # CLI11's list of checks
                self.assertLessEqual(max(map(len, result.stdout.splitlines())), 100)

    def test_names_every_calibration_method_and_the_default(self):
        text = run("--help").stdout
        for name in ("minmax:", "percentile:", "kl:", "mse:", "(default: mse)"):
            self.assertIn(name, text)

    def test_version(self):
        self.assertRegex(run("--version").stdout, r"^quantize \d+\.\d+\.\d+\n$")


def mutate(model, seed):
    """A damaged copy: bytes flipped, the end cut off, or two blocks swapped."""
    dice, damaged = random.Random(seed), bytearray(model)
    kind = seed % 4
    if kind in (0, 1):  # most of the file is weights: half of these aim at its structure, a byte or two that may parse
        end, most = (len(damaged), 20) if kind == 0 else (4000, 2)
        for _ in range(dice.randint(1, most)):
            damaged[dice.randrange(end)] = dice.randrange(256)
    elif kind == 2:
        del damaged[dice.randrange(len(damaged)):]
    else:
        size = dice.randint(1, 400)
        a, b = sorted((dice.randrange(len(damaged) - 2 * size), dice.randrange(len(damaged) - 2 * size)))
        b = max(b, a + size)
        damaged[a:a + size], damaged[b:b + size] = damaged[b:b + size], damaged[a:a + size]
    return bytes(damaged)


class DamagedModels(CliTest):
    def attempt(self, seed):
        path = self.folder / f"damaged{seed}.onnx"
        path.write_bytes(mutate(self.model.read_bytes(), seed))
        result = run(path, "--mode", "ptq-int8", "--calib-data", PICTURES, *SCALE, "--verify", "0", "--calib-samples", "2", "--threads", "1",
                     "-o", self.folder / f"out{seed}.onnx")
        path.unlink()
        written = (self.folder / f"out{seed}.onnx").exists()
        if result.returncode not in (0, 2, 3) or written != (result.returncode == 0):
            return f"seed {seed}: exit {result.returncode}, written: {written}, {result.stderr[:300]}"
        return None

    def test_end_in_an_exit_code_of_their_own(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            failures = [failure for failure in pool.map(self.attempt, range(300)) if failure]
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
