"""The HTML report in a real browser: nothing to complain of, plots and tables there, quick with many values."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from chromium import Browser, find_chromium  # noqa: E402

BINARY = os.environ["QUANTIZE_BINARY"]
DIGITS = pathlib.Path(os.environ["QUANTIZE_SOURCE_DIR"]) / "models" / "digits"
DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)

SIZES = [(1280, 900, False), (390, 844, True)]
DRAW_ALL = "[...watched.keys()].forEach(drawNow)"


def run(*arguments):
    subprocess.run([BINARY, *map(str, arguments)], check=True, capture_output=True, timeout=300)


def column(section, number):
    """The texts of a table's column, from top to bottom."""
    return f"[...document.querySelectorAll('#{section} tbody tr.row')].map(r => r.cells[{number}].innerText)"


def press_head(section, title):
    return f"[...document.querySelectorAll('#{section} th button')].find(b => b.innerText === '{title}').click()"


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="quantize-browser-")
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        cls.path = folder / "quantize.html"
        run(DIGITS / "digits.onnx", "--mode", "ptq-int8", "--calib-data", DIGITS / "calibration", "--scale", "1/255", "-o",
            folder / "digits.int8.onnx", "--report", cls.path)
        cls.half = folder / "half.html"
        run(DIGITS / "digits.onnx", "--mode", "fp16", "--calib-data", DIGITS / "calibration", "--scale", "1/255", "-o",
            folder / "digits.fp16.onnx", "--report", cls.half)
        cls.large = folder / "large.html"
        cls.large.write_text(enlarge(cls.path.read_text(), 1500))
        cls.browser = cls.enterClassContext(Browser())

    def setUp(self):
        self.browser.resize(1280, 900)
        self.browser.prefer("light")
        self.browser.open(self.path)

    def draw_all(self):
        self.browser.run(DRAW_ALL)
        self.browser.settle()

    def test_has_no_errors_and_loads_nothing_from_elsewhere(self):
        for width, height, mobile in SIZES:
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    self.browser.resize(width, height, mobile)
                    self.browser.prefer(scheme)
                    self.browser.open(self.path)
                    self.draw_all()
                    self.assertEqual(self.browser.console, [])
                    elsewhere = [url for url in self.browser.requests if not url.startswith(("file:", "data:"))]
                    self.assertEqual(elsewhere, [])

    def test_is_nowhere_wider_than_the_screen(self):
        for width, height, mobile in SIZES:
            self.browser.resize(width, height, mobile)
            self.browser.open(self.path)
            self.draw_all()
            self.assertEqual(self.browser.run("document.documentElement.scrollWidth"), width)

    def test_says_at_the_top_what_was_done_and_whether_it_is_good(self):
        text = self.browser.run("document.querySelector('header').innerText")
        self.assertIn("digits.onnx", text)
        self.assertRegex(text, r"The ptq-int8 model is 3\.1× smaller and .* on this CPU\. On 16 samples it names the same")
        cards = self.browser.run("[...document.querySelectorAll('.card')].map(c => c.innerText)")
        self.assertEqual(len(cards), 3)
        for card in cards:
            self.assertRegex(card, r"(?s)float.*ptq-int8")

    def test_half_precision_is_no_float_and_says_nothing_of_integers(self):
        self.browser.open(self.half)
        self.assertNotIn("x86", self.browser.run("document.querySelector('header').innerText"))
        self.assertIn("No node did.", self.browser.run("document.querySelector('#float').innerText"))
        self.assertEqual(self.browser.run("document.querySelectorAll('#weights').length"), 0)
        self.assertEqual(self.browser.console, [])

    def test_every_plot_is_there(self):
        self.draw_all()
        parts = ["#values .plot svg path", "#values svg.spark path", "#weights .strips svg path",
                 "#graph .graph svg .node"]
        for part in parts:
            self.assertGreater(self.browser.run(f"document.querySelectorAll('{part}').length"), 0, part)

    def test_a_histogram_shows_the_chosen_range_and_those_of_other_methods(self):
        self.draw_all()
        texts = self.browser.run("[...document.querySelectorAll('#values tr.detail svg text')].map(t => t.textContent)")
        for method in ("minmax ", "percentile ", "kl ", "mse, chosen "):
            self.assertTrue([text for text in texts if text.startswith(method)], f"{method} in {texts}")

    def test_sorts_by_the_column_that_is_pressed(self):
        self.browser.run(press_head("values", "Value"))
        names = self.browser.run(column("values", 0))
        self.browser.run(press_head("values", "Value"))
        self.assertEqual(self.browser.run(column("values", 0)), names[::-1])
        self.browser.run(press_head("values", "Scale"))
        scales = [float(text.replace("−", "-")) for text in self.browser.run(column("values", self.index("Scale")))]
        self.assertEqual(scales, sorted(scales, reverse=True))

    def index(self, title):
        heads = self.browser.run("[...document.querySelectorAll('#values th')].map(th => th.innerText)")
        return heads.index(title)

    def test_filters_by_name_and_operator(self):
        self.browser.run("{const f = document.querySelector('#values input[type=search]'); f.value = 'GLOBALAVERAGE';"
                         "f.dispatchEvent(new Event('input'));}")
        self.assertEqual(self.browser.run(column("values", self.index("Op"))), ["GlobalAveragePool"])
        self.assertEqual(self.browser.run("document.querySelector('#values .count').innerText").split(" of ")[0], "1")

    def test_a_row_opens_its_details_and_closes_them(self):
        self.browser.run("document.querySelectorAll('#values tr.row')[2].click()")
        self.assertEqual(self.browser.run("document.querySelectorAll('#values tr.detail').length"), 1)
        self.browser.run("document.querySelectorAll('#values tr.row')[2].click()")
        self.assertEqual(self.browser.run("document.querySelectorAll('#values tr.detail').length"), 0)

    def test_a_node_of_the_graph_can_be_chosen(self):
        self.draw_all()
        self.browser.run("document.querySelectorAll('#graph .node')[0].dispatchEvent(new Event('click'))")
        label = self.browser.run("document.querySelector('#graph input').value")
        self.assertTrue(self.browser.run("document.querySelector('#graph .note:last-child').innerText").startswith(label))

    def test_names_are_text_whatever_they_hold(self):
        path = pathlib.Path(self.folder.name) / "hostile.html"
        evil = "<img src=x onerror=document.title='taken'></script>"
        path.write_text(with_data(self.path.read_text(), lambda data: rename_all(data, evil)))
        self.browser.open(path)
        self.draw_all()
        self.assertEqual(self.browser.run("document.querySelectorAll('main img').length"), 0)
        self.assertIn("digits.onnx", self.browser.run("document.title"))
        self.assertIn(evil, self.browser.run("document.querySelector('#layers').innerText"))

    def test_fifteen_hundred_values_are_a_small_file_that_opens_at_once(self):
        self.assertLess(self.large.stat().st_size, 3_000_000)
        start = time.monotonic()
        self.browser.open(self.large)
        print(f"1,500 values: {self.large.stat().st_size / 1e6:.2f} MB, opened in {time.monotonic() - start:.2f} s")
        self.assertEqual(self.browser.console, [])
        self.assertEqual(self.browser.run("document.querySelector('#values .count').innerText"), "1 500 values")
        self.assertLess(self.browser.run("document.querySelectorAll('*').length"), 15_000)  # drawn as they come into view
        self.browser.run("document.querySelector('#values .table').scrollTop = 1e6")
        self.browser.settle()
        self.assertGreater(self.browser.run("document.querySelectorAll('#values tr.row').length"), 60)


def with_data(page, change):
    begin, text, end = DATA.search(page).groups()
    data = json.loads(text)
    change(data)
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return DATA.sub(lambda _: begin + text + end, page)


def rename_all(data, name):
    for row in data["nodes"] + data["weights"]:
        row["label"] = name
    for row in data["tensors"]:
        row["name"] = name


def enlarge(page, count):
    """The same report with so many nodes and values: copies of those there are."""
    def change(data):
        nodes, tensors, weights = data["nodes"], data["tensors"], data["weights"]
        data["nodes"] = [nodes[i % len(nodes)] | {"label": f"{nodes[i % len(nodes)]['label']}/{i}",
                                                  "inputs": [i - 1] if i > 0 else []} for i in range(count)]
        data["tensors"] = [tensors[i % len(tensors)] | {"name": f"{tensors[i % len(tensors)]['name']}/{i}", "node": i}
                           for i in range(count)]
        data["weights"] = [weights[i % len(weights)] | {"label": f"layer {i}"} for i in range(count // 3)]
    return with_data(page, change)


if __name__ == "__main__":
    if find_chromium() is None:
        print("SKIPPED: there is no chromium on this machine (scripts/setup --clients installs it)")
        sys.exit(77)
    unittest.main(verbosity=2)
