"""Latency of single runs, batch 1: ours, onnxruntime and OpenVINO in turn, each in a process of its own."""

import dataclasses
import os
import signal
import statistics
import subprocess
import sys

import numpy as np

from . import command
from .models import Model
from .paths import BUILD, OURS, RUNTIMES, WORK, BenchError

TURN_MS = 200  # how long one runtime runs one model before the next has its turn
LEAST_RUNS, MOST_RUNS = 8, 400


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model as one or more files: what each runtime runs. One that lacks its operators has none."""

    model: Model
    kind: str  # "float", "int8", "own int8", or "dynamic"
    files: dict[str, object]  # runtime -> path


@dataclasses.dataclass
class Row:
    """One subject on one number of threads."""

    model: str
    kind: str
    threads: int
    medians: dict[str, list[float]]  # runtime -> the median of each round, in milliseconds
    load: dict[str, float]  # runtime -> from the file to something that can run
    first_run: dict[str, float]

    def median(self, runtime: str) -> float:
        return statistics.median(self.medians[runtime])

    def ratio(self) -> float:
        """Ours over the faster peer."""
        return self.median(OURS) / min(self.median(runtime) for runtime in self.medians if runtime != OURS)

    def to_json(self) -> dict:
        return {
            "model": self.model,
            "kind": self.kind,
            "threads": self.threads,
            "median_ms": {runtime: self.median(runtime) for runtime in self.medians},
            "ratio": self.ratio(),
            "rounds_ms": self.medians,
            "load_ms": self.load,
            "first_run_ms": self.first_run,
        }


class Worker:
    """A process that keeps models loaded and times runs when asked to."""

    def __init__(self, runtime: str, threads: int):
        peer = [sys.executable, "-m", "benchmark.peer_worker", runtime, threads]
        words = [BUILD / "tests" / "latency_bench"] if runtime == OURS else peer
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.name = f"{runtime} with {threads} thread(s)"
        self.process = command.start(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, *fields) -> list[float]:
        try:
            self.process.stdin.write("\t".join(map(str, fields)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its last words stand on standard error already
        answer = self.process.stdout.readline()
        if not answer:
            raise BenchError(f"{self.name} stopped at '{' '.join(map(str, fields))}'; see its message above")
        return [float(word) for word in answer.split()]

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def write_samples(model: Model) -> str:
    """The same four samples for all runtimes, as files."""
    folder = WORK / "samples" / model.name
    folder.mkdir(parents=True, exist_ok=True)
    for index, sample in enumerate(model.timed_samples(4)):
        np.savez(folder / f"{index}.npz", **sample)
    return str(folder)


class Turns:
    """One row being measured."""

    def __init__(self, subject: Subject, threads: int, workers: dict[str, Worker], samples: str):
        self.row = Row(subject.model.name, subject.kind, threads, {runtime: [] for runtime in subject.files}, {}, {})
        self.workers = {runtime: workers[runtime] for runtime in subject.files}
        self.key = f"{subject.model.name} {subject.kind}"
        self.counts = {}
        for runtime, worker in self.workers.items():
            loaded = worker.ask("load", self.key, subject.files[runtime], samples)
            self.row.load[runtime], self.row.first_run[runtime] = loaded
            typical = statistics.median(worker.ask("run", self.key, 5))
            self.counts[runtime] = int(min(max(TURN_MS / typical, LEAST_RUNS), MOST_RUNS))

    def take(self, number: int) -> None:
        """A turn of each runtime; nobody always follows the same one."""
        runtimes = list(self.workers)
        for index in range(len(runtimes)):
            self.take_one(runtimes[(index + number) % len(runtimes)])

    def take_one(self, runtime: str) -> None:
        """The first quarter of a turn wakes threads and fills caches and is not counted."""
        count = self.counts[runtime]
        dropped = max(count // 4, 2)
        times = self.workers[runtime].ask("run", self.key, count + dropped)[dropped:]
        self.row.medians[runtime].append(statistics.median(times))


def measure_with(threads: int, subjects: list[Subject], workers: dict, samples: dict, rounds: int, say) -> list[Row]:
    turns = []
    for subject in subjects:
        say(f"loading {subject.model.name} {subject.kind}, {threads} thread(s)")
        turns.append(Turns(subject, threads, workers, samples[subject.model.name]))
    for number in range(rounds):
        say(f"latency round {number + 1} of {rounds}, {threads} thread(s)")
        for turn in turns:
            turn.take(number)
    return [turn.row for turn in turns]


def measure(subjects: list[Subject], threads: list[int], rounds: int, say) -> list[Row]:
    rows = []
    samples = {subject.model.name: write_samples(subject.model) for subject in subjects}
    for count in threads:
        workers = {}
        try:
            for runtime in RUNTIMES:
                workers[runtime] = Worker(runtime, count)
            rows += measure_with(count, subjects, workers, samples, rounds, say)
        finally:
            for worker in workers.values():
                worker.end()
    return rows
