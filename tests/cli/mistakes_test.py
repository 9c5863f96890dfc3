"""What a person is told of a wrong command, a wrong file, a wrong folder. Python's standard library only."""

import shutil
import unittest

from cli_testing import PICTURES, CliTest, run


class Mistakes(CliTest):
    def test_no_arguments_print_usage(self):
        result = run()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertTrue(result.stderr.startswith("Usage: quantize MODEL  "))

    def test_an_unknown_flag(self):
        self.assert_refused(self.quantize("--foo"), "there is no flag --foo; see quantize --help")

    def test_a_mistyped_flag_or_command_is_told_the_one_that_may_be_meant(self):
        self.assert_refused(run(self.model, "--mdoe", "fp16"), "no flag --mdoe; did you mean --mode?")
        self.assert_refused(run("eval", self.model, "--dta", PICTURES), "eval has no flag --dta; did you mean --data?",
                            "see quantize eval --help")
        self.assert_refused(run("inspct", self.model), "there is no command 'inspct'; did you mean inspect?")

    def test_a_flag_of_another_command_is_told_which(self):
        self.assert_refused(run("inspect", self.model, "--calib-method", "kl"), "--calib-method (a flag of quantize)")

    def test_what_is_missing_is_named(self):
        self.assert_refused(run("eval"), "eval needs MODEL... and --data DIR; see quantize eval --help")
        self.assert_refused(run("compare"), "compare needs A, B and --data DIR; see quantize compare --help")
        self.assert_refused(run(self.model, "--mode"), "--mode needs a value; see quantize --help")

    def test_an_argument_too_many(self):
        self.assert_refused(run("inspect", self.model, self.model), f"nothing takes the argument '{self.model}'")

    def test_a_number_that_is_none(self):
        self.assert_refused(run(self.model, "--threads", "0"), "--threads: '0' is not a number above 0;")
        self.assert_refused(run(self.model, "--calib-samples", "-1"), "--calib-samples: '-1' is not a number from 0 up;")
        self.assert_refused(run(self.model, "--threads", "1.5"), "--threads: '1.5' is not a number that fits;")

    def test_values_outside_their_range(self):
        for flag, value in (("--percentile", "30"), ("--calib-samples", "-1"), ("--verify", "-1"), ("--threads", "0"),
                            ("--batch-size", "0"), ("--calib-method", "foo"), ("--activations", "s4")):
            with self.subTest(flag):
                self.assert_refused(self.quantize(flag, value), flag)

    def test_a_wrong_preprocessing(self):
        self.assert_refused(self.quantize("--resize", "huge"), "'huge'")

    def test_a_missing_model(self):
        self.assert_refused(self.quantize(model="nope.onnx"), "'nope.onnx'", "No such file")

    def test_a_folder_as_model(self):
        self.assert_refused(self.quantize(model=self.folder), "not a regular file")

    def test_files_that_are_no_models(self):
        contents = {"text": b"hello, world\n", "empty": b"", "truncated": self.model.read_bytes()[:1000]}
        for name, content in contents.items():
            with self.subTest(name):
                path = self.folder / name
                path.write_bytes(content)
                self.assert_refused(self.quantize(model=path), name, "not an ONNX model")

    def test_no_samples_named(self):
        self.assert_refused(run(self.model, "--mode", "ptq-int8", "-o", self.output), "--calib-data DIR", "--load-ranges FILE")

    def test_a_missing_folder_of_samples(self):
        self.assert_refused(self.quantize(data=self.folder / "nope"), "--calib-data", "nope")

    def test_an_empty_folder_of_samples(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.assert_refused(self.quantize(data=empty), "empty", "no samples")

    def test_broken_pictures_are_named(self):
        whole = (PICTURES / "0" / "0020.png").read_bytes()
        for name, content in (("short.png", whole[:60]), ("bad.jpg", b"\xff\xd8\xff\xe0 this is no JPEG")):
            with self.subTest(name):
                data = self.folder / f"with-{name}"
                data.mkdir()
                (data / name).write_bytes(content)
                (data / "good.png").write_bytes(whole)
                self.assert_refused(self.quantize(data=data), name)

    def test_folders_missing_for_results_are_found_before_the_work(self):
        for flags in (["--report", "no/r.json"], ["--save-ranges", "no/r.json"]):
            with self.subTest(flags[0]):
                self.assert_refused(self.quantize(*flags), "there is no folder 'no'")
        self.assert_refused(self.quantize(output=self.folder / "no" / "x.onnx"), "there is no folder")

    def test_the_model_is_not_overwritten(self):
        before = self.model.read_bytes()
        link = self.folder / "link.onnx"
        link.symlink_to(self.model)
        for output in (self.model, link):
            with self.subTest(output.name):
                self.assert_refused(self.quantize(output=output), output.name, "give another name")
                self.assertEqual(self.model.read_bytes(), before)

    def test_samples_are_not_overwritten(self):
        folder = self.folder / "samples"
        shutil.copytree(PICTURES, folder)
        picture = sorted(folder.rglob("*.png"))[0]
        before = picture.read_bytes()
        for flag in ("-o", "--save-ranges", "--report"):
            with self.subTest(flag):
                result = run(self.model, "--mode", "ptq-int8", "--calib-data", folder, "--scale", "1/255", flag, picture)
                self.assertEqual(result.returncode, 2)
                self.assertEqual(picture.read_bytes(), before)

    def test_a_dry_run_writes_no_report_either(self):
        self.assert_refused(self.quantize("--dry-run", "--report", self.folder / "r.json"), "--dry-run")

    def test_an_existing_output_survives_a_failure(self):
        existing = self.folder / "existing.onnx"
        existing.write_text("precious")
        self.assert_refused(self.quantize(data=self.folder / "nope", output=existing))
        self.assertEqual(existing.read_text(), "precious")

    def test_an_unknown_operator_is_named_with_its_node(self):
        bytes_ = self.model.read_bytes()
        path = self.folder / "unknown.onnx"
        path.write_bytes(bytes_.replace(b'"\x04Relu', b'"\x04Abcd'))  # op_type is field 4 of NodeProto
        result = self.quantize("--dry-run", model=path)
        self.assert_done(result)
        self.assertRegex(result.stdout, r"(?m)^float +Abcd +/Relu +cannot be run here$")
        self.assertRegex(result.stdout, r"(?m)^float .* behind Abcd-\d+ \(node '/Relu'\), which cannot be run here$")


if __name__ == "__main__":
    unittest.main()
