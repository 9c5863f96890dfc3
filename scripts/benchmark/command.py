"""Whole commands: how long they take and how much memory they need at most."""

import dataclasses
import os
import re
import signal
import subprocess
import tempfile
import time

from .paths import BenchError

POLL_SECONDS = 0.02


@dataclasses.dataclass(frozen=True)
class Cost:
    seconds: float
    peak_mib: float


def high_water_mib(pid: int) -> float:
    """Largest resident memory so far; 0 once the process has ended. What wait4 tells would count the memory of the
    process that started it, too."""
    try:
        with open(f"/proc/{pid}/status") as status:
            found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        found = None
    return int(found[1]) / 1024 if found else 0.0


def start(words: list, **streams) -> subprocess.Popen:
    """A process that Ctrl-C does not reach: whoever started it ends it, so that it dies without words of its own."""
    return subprocess.Popen([str(word) for word in words], start_new_session=True, **streams)


def watch(process: subprocess.Popen) -> float:
    """Waits for the end and returns the peak of resident memory."""
    peak = 0.0
    while process.returncode is None:
        peak = max(peak, high_water_mib(process.pid))
        try:
            process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
    return peak


def run(words: list) -> Cost:
    """Runs a command to its end; its output is shown only when it fails."""
    with tempfile.TemporaryFile("w+") as output:
        begin = time.perf_counter()
        process = start(words, stdout=output, stderr=subprocess.STDOUT)
        try:
            peak = watch(process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        seconds = time.perf_counter() - begin
        if process.returncode != 0:
            output.seek(0)
            raise BenchError(f"{' '.join(map(str, words))} gave {process.returncode}:\n{output.read()[-4000:]}")
    return Cost(seconds, peak)
