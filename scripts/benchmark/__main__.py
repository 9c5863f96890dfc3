"""Measures, then writes the page and the JSON."""

import json
import os
import sys

from . import arguments, calibration, int8_models, kernels, latency, machine, recurrent_models, report
from .files import replace
from .models import Model, models
from .paths import ROOT, SHARED, WORK, BenchError

INTERRUPTED = 130
QUIET_SHARE = 0.1


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def measure_latency(chosen: list[Model], rounds: int, result: dict) -> None:
    subjects, result["machine"]["our_cpu"] = int8_models.subjects(chosen, say)
    subjects += recurrent_models.subjects(say)
    threads = sorted({1, len(os.sched_getaffinity(0))})
    result["latency"] = [row.to_json() for row in latency.measure(subjects, threads, rounds, say)]


def measure_calibration(model: Model, with_histograms: bool, rounds: int, result: dict) -> None:
    measured = calibration.measure(model, with_histograms, rounds, say)
    commands = [entry.to_json() for entry in measured]
    result["calibration"] = {"model": model.name, "samples": int8_models.SAMPLES, "commands": commands}


def measure_kernels(rounds: int, result: dict) -> None:
    say("kernels")
    result["kernels"] = kernels.measure(rounds)


def measure(flags, words: list[str]) -> dict:
    parts = [flags.only] if flags.only else arguments.PARTS
    rounds = 2 if flags.quick else 8
    chosen = models()
    busy = machine.busy_share()
    if busy > QUIET_SHARE:
        say(f"other programs use {100 * busy:.0f} % of this machine: the numbers will not be good")
    if len(chosen) == 1:
        say(f"only the digits network is measured: there are no models in {SHARED}")
    result = {"rounds": rounds, "machine": machine.describe(["scripts/bench", *words])}
    if "latency" in parts:
        measure_latency(chosen, rounds, result)
    if "calibration" in parts:
        preferred = next((model for model in chosen if model.name == "efficientnet_lite0"), chosen[0])
        measure_calibration(preferred, not flags.quick, rounds, result)
    if "kernels" in parts:
        measure_kernels(rounds, result)
    return result


def main(words: list[str]) -> None:
    flags = arguments.parse(words)
    WORK.mkdir(parents=True, exist_ok=True)
    result = measure(flags, words)
    data, page = json.dumps(result, indent=1) + "\n", report.page(result)
    folder = WORK if flags.quick or flags.only else ROOT / "docs"
    replace(folder / "benchmarks.json", data)
    replace(folder / "benchmarks.md", page)
    print(page)
    say(f"written: {folder / 'benchmarks.md'}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BenchError as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; nothing was written")
        sys.exit(INTERRUPTED)
