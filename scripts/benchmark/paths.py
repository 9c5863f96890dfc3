"""Where things lie, what the runtimes are called, and how the benchmark fails."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "release"
WORK = ROOT / "build" / "bench"
SHARED = ROOT.parent / "shared"

OURS = "quantize"
RUNTIMES = (OURS, "onnxruntime", "openvino")


class BenchError(Exception):
    """What went wrong, to be printed without a stack trace."""
