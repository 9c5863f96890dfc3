"""Our own kernels, as the Google Benchmark program measures them."""

import json
import subprocess

from .paths import BUILD, WORK, BenchError

PROGRAM = BUILD / "tests" / "kernel_bench"


def measure(repetitions: int) -> list[dict]:
    """One dict for each benchmark: name, time, unit, bytes per second where it moves bytes."""
    out = WORK / "kernels.json"
    command = [PROGRAM, f"--benchmark_out={out}", "--benchmark_out_format=json", "--benchmark_min_time=0.1"]
    command += [f"--benchmark_repetitions={repetitions}", "--benchmark_report_aggregates_only=true"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise BenchError(f"kernel_bench gave {result.returncode}:\n{result.stderr[-4000:]}")
    medians = [row for row in json.loads(out.read_text())["benchmarks"] if row.get("aggregate_name") == "median"]
    return [
        {
            "name": row["run_name"],
            "time": row["real_time"],
            "unit": row["time_unit"],
            "bytes_per_second": row.get("bytes_per_second"),
        }
        for row in medians
    ]
