"""The int8 models whose latency is measured: ours, and those that the peers' own tools make."""

import importlib.metadata
import json
import pathlib
import sys

from . import command, peer_quantize
from .latency import Subject
from .models import Model
from .paths import BUILD, OURS, RUNTIMES, WORK

SAMPLES = 200


def ours(model: Model, say) -> tuple[pathlib.Path, dict]:
    """The int8 model that all runtimes run, and what our report says of the CPU."""
    say(f"quantizing {model.name}")
    out, text = WORK / f"{model.name}.int8.onnx", WORK / f"{model.name}.report.json"
    data = ["--mode", "ptq-int8", "--calib-data", model.calibration(), "--calib-samples", SAMPLES]
    command.run([BUILD / "quantize", model.path, *data, *model.flags, "--no-verify", "--report", text, "-o", out])
    return out, json.loads(text.read_text())["cpu"]


def peer_words(tool: str, model: Model, method: str, samples: int, out: pathlib.Path) -> list:
    return [sys.executable, "-m", "benchmark.peer_quantize", tool, model.name, method, samples, out]


def prepare_for_onnxruntime(model: Model, say) -> None:
    out = peer_quantize.prepared(model)
    if not out.exists():
        say(f"preparing {model.name} for onnxruntime")
        command.run(peer_words("onnxruntime", model, "prepare", 0, out))


def peers(tool: str, model: Model, method: str, suffix: str, say) -> pathlib.Path:
    """Made once for each version of the tool: nothing else changes it."""
    out = WORK / f"{model.name}.{tool}-{importlib.metadata.version(tool)}{suffix}"
    if not out.exists():
        say(f"quantizing {model.name} with {tool}")
        command.run(peer_words(tool, model, method, SAMPLES, out))
    return out


def subjects(models: list[Model], say) -> tuple[list[Subject], dict]:
    """Each model three times: in float, as our int8 model, and as the int8 model of each tool for its own runtime."""
    found, cpu = [], {}
    for model in models:
        written, cpu = ours(model, say)
        prepare_for_onnxruntime(model, say)
        own = {
            OURS: written,
            "onnxruntime": peers("onnxruntime", model, "minmax", ".onnx", say),
            "openvino": peers("nncf", model, "default", ".xml", say),
        }
        found.append(Subject(model, "float", dict.fromkeys(RUNTIMES, model.path)))
        found.append(Subject(model, "int8", dict.fromkeys(RUNTIMES, written)))
        found.append(Subject(model, "own int8", own))
    return found, cpu
