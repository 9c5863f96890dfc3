"""The flags of scripts/bench. Run as a program it only checks them: scripts/bench does so before it installs anything."""

import argparse

PARTS = ("latency", "calibration", "kernels")


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures this program beside onnxruntime, OpenVINO and NNCF on this machine. A complete run takes "
        "half an hour and writes docs/benchmarks.md and docs/benchmarks.json; a quick or partial one writes the same "
        "two files into build/bench.",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="2 rounds instead of 8, without onnxruntime's percentile and entropy (minutes, many GB): to try things out",
    )
    parser.add_argument("--only", choices=PARTS, help="measure one part")
    return parser.parse_args(words)


if __name__ == "__main__":
    parse()
