"""What a person sees of `quantize compare`. Python's standard library only."""

import json
import unittest

from cli_testing import DIGITS, QuantizedTest, run

VALIDATION = DIGITS / "validation"


class Comparing(QuantizedTest):
    def compare(self, *flags, models=None, data=VALIDATION):
        return run("compare", *(models or [self.model, self.int8]), "--data", data, *flags)

    def compared(self, *flags, **options):
        result = self.compare("--json", *flags, **options)
        self.assert_done(result)
        return json.loads(result.stdout)

    def test_shows_the_network_in_order_then_what_adds_most_then_the_outputs(self):
        result = self.compare()
        self.assert_done(result)
        titles = ["\nalong the network ", "\nimage ", "\nlogits ", "\nnodes that add most ", "\noutputs "]
        places = [result.stdout.index(title) for title in titles]
        self.assertEqual(places, sorted(places))
        self.assertRegex(result.stdout, r"(?m)^/MaxPool_output_0 +MaxPool +MaxPool +uint8 .* equal ")

    def test_ends_with_where_the_models_part(self):
        last = self.compare().stdout.splitlines()[-1]
        self.assertRegex(last, r"\ANo value is under 20 dB; the farthest is '.+' \(.+\) with \d+\.\d dB\. Most is added by ")
        last = self.compare("--below", "38").stdout.splitlines()[-1]
        self.assertRegex(last, r"\AThey part at '.+' \(.+\), the first value under 38 dB: 3\d\.\d dB, of \d+\.\d dB that arrive\.")

    def test_says_how_pictures_are_prepared(self):
        self.assertIn("\npictures resized to 8x8 (bilinear), whole, gray, pixel / 255", self.compare().stdout)
        self.assertIn("resized to 8x8", self.compared()["preprocess"])

    def test_of_a_model_with_itself_finds_nothing(self):
        text = self.compare(models=[self.model, self.model]).stdout
        self.assertEqual(text.splitlines()[-1], "All compared values are equal.")

    def test_json_holds_every_value_with_its_nodes(self):
        report = self.compared("--samples", "4")
        self.assertEqual((report["format"], report["samples"]), ("quantize-comparison", 4))
        first, second = report["values"][:2]
        self.assertEqual((first["baseline"]["op"], first["other"]["op"]), ("", "QuantizeLinear"))
        self.assertEqual(second["inputs"], ["image"])
        self.assertGreater(second["added_sqnr"], 30)
        self.assertEqual(report["outputs"][0]["output"], "logits")
        self.assertIn(report["largest_added_losses"][0], [value["baseline"]["value"] for value in report["values"]])

    def test_every_operator_format_is_compared_to_the_last_layer(self):
        for operators in ("qdq", "qoperator"):
            with self.subTest(operators):
                self.quantized("--format", operators)
                report = self.compared(models=[self.model, self.output])
                self.assertEqual(report["values"][-1]["baseline"]["value"], "logits")
                self.assertEqual((report["only_baseline"], report["only_other"]), ([], []))

    def test_threads_change_no_number(self):
        self.assertEqual(self.compare("--threads", "1").stdout, self.compare("--threads", "2").stdout)

    def test_reports_are_json_and_markdown(self):
        page, data = self.folder / "r.md", self.folder / "r.json"
        result = self.compare("-q", "--report", page, "--report", data)
        self.assert_done(result)
        self.assertIn("| value | in the first | in the second |", page.read_text())
        self.assertEqual(json.loads(data.read_text())["version"], 1)

    def test_a_page_is_refused_before_the_work(self):
        self.assert_refused(self.compare("--report", self.folder / "r.html"), "compare writes .json and .md")

    def test_other_networks_are_refused(self):
        broken = self.folder / "broken.onnx"
        broken.write_bytes(b"no model")
        self.assert_refused(self.compare(models=[self.model, broken]), "broken.onnx")
        self.assert_refused(self.compare(models=[self.model, self.folder / "none.onnx"]), "none.onnx")

    def test_a_missing_folder_is_refused(self):
        self.assert_refused(self.compare(data=self.folder / "none"), "none", "--data")


if __name__ == "__main__":
    unittest.main()
