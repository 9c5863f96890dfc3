"""Two recurrent networks of our own making, with weights from a fixed seed, and what `--mode dynamic` makes of them."""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import command
from .latency import Subject
from .models import Model, read_arrays
from .paths import BUILD, OURS, RUNTIMES, WORK
from .recurrent_sizes import GRU_UNITS, INPUTS, LSTM_UNITS, STEPS


class Network:
    def __init__(self):
        self.random = np.random.default_rng(1)
        self.nodes, self.constants = [], []

    def constant(self, array) -> str:
        self.constants.append(numpy_helper.from_array(array, f"c{len(self.constants)}"))
        return self.constants[-1].name

    def add(self, op_type: str, *inputs: str, **attributes) -> str:
        result = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op_type, inputs, [result], **attributes))
        return result

    def recurrent(self, op_type: str, x: str, inputs: int, units: int, direction: str, **attributes) -> str:
        """[steps, batch, inputs] -> [steps, batch, directions * units]"""
        gates, directions = {"LSTM": 4, "GRU": 3}[op_type] * units, 2 if direction == "bidirectional" else 1
        shapes = [(directions, gates, inputs), (directions, gates, units), (directions, 2 * gates)]
        most = units**-0.5
        weights = [self.constant(self.random.uniform(-most, most, shape).astype(np.float32)) for shape in shapes]
        y = self.add(op_type, x, *weights, hidden_size=units, direction=direction, **attributes)
        turned = self.add("Transpose", y, perm=[0, 2, 1, 3])
        return self.add("Reshape", turned, self.constant(np.array([0, 0, -1], np.int64)))

    def save(self, name: str, result: str) -> pathlib.Path:
        shape = [STEPS, "batch", INPUTS]
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        outputs = [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        path = WORK / f"{name}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path


def samples() -> pathlib.Path:
    folder = WORK / "sequences"
    folder.mkdir(exist_ok=True)
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=(STEPS, 1, INPUTS)).astype(np.float32)
        np.savez(folder / f"{seed}.npz", x=x)
    return folder


def lstm() -> pathlib.Path:
    network = Network()
    x = network.recurrent("LSTM", "x", INPUTS, LSTM_UNITS, "bidirectional")
    return network.save("lstm", network.recurrent("LSTM", x, 2 * LSTM_UNITS, LSTM_UNITS, "bidirectional"))


def gru() -> pathlib.Path:
    """As PyTorch exports its own: linear_before_reset."""
    network = Network()
    return network.save("gru", network.recurrent("GRU", "x", INPUTS, GRU_UNITS, "forward", linear_before_reset=1))


def dynamic(model: Model, say) -> pathlib.Path:
    say(f"quantizing {model.name}")
    out = WORK / f"{model.name}.dynamic.onnx"
    command.run([BUILD / "quantize", model.path, "--mode", "dynamic", "--no-verify", "-o", out])
    return out


def subjects(say) -> list[Subject]:
    """Each network in float and dynamically quantized, where a runtime has the operators."""
    found = []
    for path, runtimes in ((lstm(), (OURS, "onnxruntime")), (gru(), RUNTIMES)):
        model = Model(path.stem, path, samples, (), read_arrays)
        found.append(Subject(model, "float", dict.fromkeys(RUNTIMES, path)))
        found.append(Subject(model, "dynamic", dict.fromkeys(runtimes, dynamic(model, say))))
    return found
