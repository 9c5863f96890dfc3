"""Our own kernels, as the Google Benchmark program measures them."""

import json

from .command import run
from .paths import BUILD, WORK

PROGRAM = BUILD / "tests" / "kernel_bench"
MICROSECONDS = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}


def measure(repetitions: int) -> list[dict]:
    """One dict for each benchmark: name, time, unit, bytes per second where it moves bytes."""
    out = WORK / "kernels.json"
    command = [PROGRAM, f"--benchmark_out={out}", "--benchmark_out_format=json", "--benchmark_min_time=0.1"]
    command += [f"--benchmark_repetitions={repetitions}", "--benchmark_report_aggregates_only=true"]
    run(command)
    medians = [row for row in json.loads(out.read_text())["benchmarks"] if row.get("aggregate_name") == "median"]
    return [
        {
            "name": row["run_name"],
            "microseconds": row["real_time"] * MICROSECONDS[row["time_unit"]],
            "bytes_per_second": row.get("bytes_per_second"),
        }
        for row in medians
    ]
