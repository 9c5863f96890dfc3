"""What calibrating costs: whole commands, from the float model's file to the int8 model's."""

import dataclasses
import statistics

from . import command
from .command import Cost
from .int8_models import SAMPLES, peer_words, prepare_for_onnxruntime
from .models import Model
from .paths import BUILD, WORK, BenchError

SLOW_SECONDS = 10  # a command that takes longer is run SLOW_ROUNDS times, however many rounds there are
SLOW_ROUNDS = 2


@dataclasses.dataclass
class Entry:
    """One command that is measured round after round."""

    title: str
    words: list
    reference: str | None = None  # the title of the entry whose time and memory this one is compared with
    is_peer: bool = False
    costs: list[Cost] = dataclasses.field(default_factory=list)
    failure: str | None = None

    def seconds(self) -> float:
        return statistics.median(cost.seconds for cost in self.costs)

    def peak_mib(self) -> float:
        return max(cost.peak_mib for cost in self.costs)

    def is_due(self, number: int) -> bool:
        if self.failure:
            return False
        return not self.costs or number < SLOW_ROUNDS or self.seconds() < SLOW_SECONDS

    def run(self) -> None:
        """A peer that fails, for want of memory above all, is left out with its words; we may not fail."""
        try:
            self.costs.append(command.run(self.words))
        except BenchError as error:
            if not self.is_peer:
                raise
            self.failure = str(error)

    def to_json(self) -> dict:
        if self.failure:
            return {"title": self.title, "reference": self.reference, "failure": self.failure}
        return {
            "title": self.title,
            "reference": self.reference,
            "seconds": self.seconds(),
            "peak_mib": self.peak_mib(),
            "rounds": [dataclasses.asdict(cost) for cost in self.costs],
        }


def ours(model: Model, *flags) -> list:
    out = WORK / "calibrated.int8.onnx"
    return [BUILD / "quantize", model.path, "--mode", "ptq-int8", *model.flags, *flags, "--no-verify", "-o", out]


def repeated(model: Model, times: int):
    """A folder with each calibration sample `times` times."""
    folder = WORK / f"{model.name}_x{times}"
    if not folder.is_dir():
        part = folder.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        for index, file in enumerate(model.files()[:SAMPLES]):
            for copy in range(times):
                link = part / f"{index:04}_{copy}{file.suffix}"
                link.unlink(missing_ok=True)
                link.symlink_to(file.resolve())
        part.rename(folder)
    return folder


def entries(model: Model, with_histograms: bool) -> list[Entry]:
    data = ["--calib-data", model.calibration(), "--calib-samples", SAMPLES]
    ranges = WORK / f"{model.name}.ranges.json"
    peer_out = WORK / "calibrated.peer.onnx"
    methods = [("minmax", "minmax"), ("percentile", "percentile"), ("kl", "entropy"), ("mse", None)]
    chosen = []
    for method, theirs in methods:
        reference = f"onnxruntime {theirs}" if theirs == "minmax" or (theirs and with_histograms) else None
        save = ["--save-ranges", ranges] if method == "minmax" else []
        chosen.append(Entry(f"quantize {method}", ours(model, *data, "--calib-method", method, *save), reference))
        if reference:
            words = peer_words("onnxruntime", model, theirs, SAMPLES, peer_out)
            chosen.append(Entry(reference, words, is_peer=True))
    nncf = peer_words("nncf", model, "default", SAMPLES, WORK / "calibrated.peer.xml")
    chosen.append(Entry("nncf default", nncf, is_peer=True))
    more = ["--calib-data", repeated(model, 10), "--calib-samples", 0, "--calib-method", "minmax"]
    chosen.append(Entry(f"quantize minmax, {10 * SAMPLES} samples", ours(model, *more), "quantize minmax"))
    chosen.append(Entry("quantize --load-ranges", ours(model, "--load-ranges", ranges)))
    return chosen


def measure(model: Model, with_histograms: bool, rounds: int, say) -> list[Entry]:
    prepare_for_onnxruntime(model, say)
    found = entries(model, with_histograms)
    for number in range(rounds):
        for entry in found:
            if entry.is_due(number):
                say(f"calibration round {number + 1} of {rounds}: {model.name}, {entry.title}")
                entry.run()
    return found
