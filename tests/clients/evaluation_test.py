"""`quantize eval` agrees with an evaluation that shares nothing with it: Pillow, onnxruntime and NumPy."""

import csv
import json
import pathlib
import tempfile
import unittest

import numpy as np

import support

IMAGENET = support.SHARED / "data" / "imagenet"
LITE0 = support.SHARED / "models" / "efficientnet_lite0.onnx"
MINILM = support.SHARED / "models" / "minilm_l6.onnx"


def evaluate_imagenet(model) -> dict:
    """Top-1 and top-5 in percent over the validation pictures."""
    runtime = support.session(model)
    name = runtime.get_inputs()[0].name
    folders = [line.split()[0] for line in (IMAGENET / "classes.txt").read_text().splitlines()]
    files = sorted(path for path in (IMAGENET / "validation").rglob("*") if path.is_file())
    ranks = []
    for file in files:
        scores = runtime.run(None, {name: support.imagenet_picture(file)})[0][0]
        label = folders.index(file.parent.name)
        ranks.append(int((scores > scores[label]).sum()))
    ranks = np.array(ranks)
    return {"samples": len(files), "top1": 100 * np.mean(ranks < 1), "top5": 100 * np.mean(ranks < 5)}


def nearest_sentences() -> dict:
    """File name -> the file whose mean-pooled vector is nearest."""
    runtime = support.session(MINILM)
    files = sorted((support.SHARED / "data" / "text" / "validation").glob("*.npz"))
    vectors = []
    for file in files:
        arrays = np.load(file)
        sample = {value.name: np.atleast_2d(arrays[value.name]) for value in runtime.get_inputs()}
        tokens, mask = runtime.run(None, sample)[0][0], sample["attention_mask"][0][:, None]
        vector = (tokens * mask).sum(0) / mask.sum()
        vectors.append(vector / np.linalg.norm(vector))
    cosines = np.stack(vectors) @ np.stack(vectors).T
    np.fill_diagonal(cosines, -2)
    return {file.name: files[best].name for file, best in zip(files, cosines.argmax(1))}


@unittest.skipIf(support.skip_without_shared(), "shared models are absent")
class Evaluation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quantize-eval-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_accuracy_on_pictures_within_a_quarter_of_a_point(self):
        report = self.folder / "r.json"
        support.quantize("eval", LITE0, "--data", IMAGENET / "validation", "--resize", "256", "--crop", "224", "--mean",
                         "127", "--std", "128", "--latency-runs", "0", "--report", report)
        ours = json.loads(report.read_text())["models"][0]["accuracy"]
        theirs = evaluate_imagenet(LITE0)
        print(f"top-1 {ours['top1_percent']:.2f} % here, {theirs['top1']:.2f} % there; "
              f"top-5 {ours['top5_percent']:.2f} % and {theirs['top5']:.2f} %")
        self.assertEqual(ours["samples"], theirs["samples"])
        self.assertLessEqual(abs(ours["top1_percent"] - theirs["top1"]), 0.25)
        self.assertLessEqual(abs(ours["top5_percent"] - theirs["top5"]), 0.25)

    def test_nearest_neighbours_of_sentences(self):
        path = self.folder / "p.csv"
        support.quantize("eval", MINILM, "--data", support.SHARED / "data" / "text" / "validation", "--metric", "vectors",
                         "--latency-runs", "0", "--predictions", path)
        with path.open(newline="") as file:
            ours = {row["sample"]: row["nearest"] for row in csv.DictReader(file)}
        self.assertEqual(ours, nearest_sentences())


if __name__ == "__main__":
    unittest.main(verbosity=2)
