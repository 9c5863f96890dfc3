"""The page a person reads, from the numbers that the JSON beside it holds."""

from .paths import RUNTIMES
from .recurrent_sizes import GRU_UNITS, INPUTS, LSTM_UNITS, STEPS

KINDS = {"float": "float", "int8": "int8, our file", "own int8": "int8, each its own", "dynamic": "dynamic, our file"}


def table(head: list[str], rows: list[list], text_columns: int = 1) -> str:
    """Padded, so that it can be read as it stands, too."""
    lines = [[str(cell) for cell in line] for line in (head, *rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(head))]

    def padded(line: list[str]) -> str:
        cells = [
            cell.ljust(width) if column < text_columns else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths))
        ]
        return "| " + " | ".join(cells) + " |"

    marks = ["-" * width if column < text_columns else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(map(padded, [lines[0], marks, *lines[1:]])) + "\n"


def best(values: dict[str, float], digits: int) -> list[str]:
    """As text, the smallest one bold; an empty cell for a runtime without a value."""
    least = min(values.values())
    text = {runtime: f"{value:.{digits}f}" for runtime, value in values.items()}
    return [f"**{text[runtime]}**" if values.get(runtime) == least else text.get(runtime, "") for runtime in RUNTIMES]


def threads_title(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


# --- head ------------------------------------------------------------------------------------------------------------


def head_section(machine: dict) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    instructions = ", ".join(machine["int8_instructions"]) or "none"
    return f"""# Benchmarks
How fast `quantize` is beside onnxruntime, OpenVINO and NNCF on one machine. The numbers are in [benchmarks.json](benchmarks.json), too.
To measure again, on a machine that does nothing else:
```
{machine["command"]}
```
- **Measured** on {machine["date"]}: quantize {machine["quantize"].split()[-1]}, revision {machine["revision"]}.
- **Beside** {packages}.
- **CPU**: {machine["cpu"]}, {machine["cores"]} cores, {machine["memory_gib"]} GiB, {machine["system"]}.
- **Its int8 instructions**: {instructions}{our_cpu(machine)}.
"""


def our_cpu(machine: dict) -> str:
    """What our backend makes of the CPU, where a report of ours told it."""
    cpu = machine.get("our_cpu")
    if cpu is None:
        return ""
    sums = "exact" if cpu["has_vnni"] else "saturated in 16 bits unless a program avoids it, as ours does"
    return f"; oneDNN runs as on {cpu['isa']}, where sums of u8 x s8 are {sums}"


# --- latency ---------------------------------------------------------------------------------------------------------


def latency_section(rows: list[dict], rounds: int) -> str:
    counts = sorted({row["threads"] for row in rows}, reverse=True)
    return f"""
## Latency
Milliseconds of one run, batch 1; the fastest is bold. `ratio` is ours over the faster of the others: below 1 we are faster.

{"".join(latency_table(rows, count) for count in counts)}What is run:
- **float**: the same float model.
- **int8, our file**: the int8 model that `quantize` wrote, the same file in all three.
- **int8, each its own**: our int8 model in our executor, that of onnxruntime's `quantize_static` (after its own preparation; QDQ, a scale for each channel,
  u8 activations, min-max) in onnxruntime, that of `nncf.quantize` in OpenVINO.
- **lstm** and **gru** are recurrent networks of our own making, with random weights from a fixed seed: two bidirectional layers of {LSTM_UNITS} units, and one layer
  of {GRU_UNITS} units with linear_before_reset, as PyTorch exports it; {STEPS} steps of {INPUTS} numbers.
- **dynamic, our file**: what `quantize --mode dynamic` wrote, the same file in all that run it. The LSTM is com.microsoft's DynamicQuantizeLSTM, on integers, which
  OpenVINO does not have; the GRU's weights are stored in int8, and it computes in float.

How it is measured:
- Each number is the median of {rounds} rounds, each the median of a turn. A turn is about 0.2 s of runs one after the other; its first quarter, in which threads
  wake up, is not counted. The runtimes take turns, each in a process of its own, while the others wait; who begins changes from round to round.
- A run is `Executor::run`, `run_with_iobinding`, `InferRequest.infer`: the same real inputs, already in memory. Calling the latter two from Python
  takes some microseconds, which matters for `digits` only.
- All have the same number of threads and otherwise their defaults, with two exceptions. OpenVINO gets the shapes of the samples in advance (minilm_l6: sequences of
  32 tokens); the others do not need them. And it is told to compute float models in float32: by default it would use bfloat16 where the CPU has it.

{first_run_section(rows)}"""


def latency_table(rows: list[dict], threads: int) -> str:
    body = []
    for row in rows:
        if row["threads"] == threads:
            body.append([row["model"], KINDS[row["kind"]], *best(row["median_ms"], 3), f"{row['ratio']:.2f}"])
    return f"### {threads_title(threads)}\n\n{table(['model', 'what', *RUNTIMES, 'ratio'], body, text_columns=2)}\n"


def first_run_section(rows: list[dict]) -> str:
    most = max(row["threads"] for row in rows)
    body = []
    for row in rows:
        if row["threads"] == most:
            cells = [
                f"{row['load_ms'][runtime]:.0f} + {row['first_run_ms'][runtime]:.0f}" if runtime in row["load_ms"] else ""
                for runtime in RUNTIMES
            ]
            body.append([row["model"], KINDS[row["kind"]], *cells])
    return f"""## First run
Milliseconds from the file to something that can run, plus those of the first run; {threads_title(most)}, measured once.

{table(["model", "what", *RUNTIMES], body, text_columns=2)}"""


# --- calibration -----------------------------------------------------------------------------------------------------


def calibration_section(model: str, samples: int, entries: list[dict]) -> str:
    by_title = {entry["title"]: entry for entry in entries}
    body = [calibration_row(entry, by_title.get(entry["reference"])) for entry in entries]
    head = ["command", "seconds", "MiB", "time", "memory", "of"]
    return f"""
## Calibration
Whole commands that make an int8 model of {model}, from files to file, with all cores and {samples} samples unless said.

{table(head, body)}
- **seconds**: median of interleaved rounds (two for commands that take longer than 10 s). **MiB**: largest peak of resident memory. **time** and **memory**: as a share of the command in the last column.
- Ours run with `--no-verify`, as the peers do not verify either. onnxruntime: `quantize_static` as above, on a model that was prepared before the clock started,
  pictures decoded by Pillow one at a time. nncf: `nncf.quantize` of an OpenVINO model with its defaults (min-max, fast bias correction).
- `--load-ranges` is a conversion alone, with ranges that were saved before.
"""


def calibration_row(entry: dict, other: dict | None) -> list[str]:
    if "failure" in entry:
        return [entry["title"], "failed", "", "", "", ""]
    cells = [entry["title"], f"{entry['seconds']:.2f}", f"{entry['peak_mib']:.0f}"]
    if other is None or "failure" in other:
        return [*cells, "", "", ""]
    time, memory = entry["seconds"] / other["seconds"], entry["peak_mib"] / other["peak_mib"]
    return [*cells, f"{time:.3f}", f"{memory:.3f}", other["title"]]


# --- kernels ---------------------------------------------------------------------------------------------------------


def memory_speed(rows: list[dict]) -> float:
    """Bytes per second that one thread reads where no cache of its own holds them."""
    return min(row["bytes_per_second"] for row in rows if row["name"].startswith("readMemory"))


def kernel_cells(row: dict, most: float) -> list:
    cells = [row["name"], f"{row['microseconds']:.1f}"]
    speed = row["bytes_per_second"]
    return [*cells, f"{speed / 1e9:.2f}", f"{speed / most:.2f}"] if speed else [*cells, "", ""]


def kernel_section(rows: list[dict]) -> str:
    most = memory_speed(rows)
    body = [kernel_cells(row, most) for row in rows]
    return f"""
## Kernels
Single functions of ours on one thread, by Google Benchmark. The last column is their bytes per second as a share of
what one thread reads from memory (the larger `readMemory`); what lies in a cache can go beyond 1.

{table(["kernel", "microseconds", "GB/s", "of memory"], body)}"""


def page(result: dict) -> str:
    text = head_section(result["machine"])
    if "latency" in result:
        text += latency_section(result["latency"], result["rounds"])
    if "calibration" in result:
        measured = result["calibration"]
        text += calibration_section(measured["model"], measured["samples"], measured["commands"])
    if "kernels" in result:
        text += kernel_section(result["kernels"])
    return text
