"""Runs models in onnxruntime or OpenVINO on the commands that tests/bench/latency_server.cpp describes.

python -m benchmark.peer_worker onnxruntime|openvino THREADS
"""

import pathlib
import sys
import time

import numpy as np


def milliseconds(work) -> float:
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e6


class OnnxRuntimeModel:
    """A session whose inputs and outputs are bound once, so that a run copies nothing."""

    def __init__(self, path: str, samples: list[dict], threads: int):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.bindings = [self.bind(sample) for sample in samples]

    def bind(self, sample: dict):
        binding = self.session.io_binding()
        for name, array in sample.items():
            binding.bind_cpu_input(name, array)
        for output in self.session.get_outputs():
            binding.bind_output(output.name)
        return binding

    def run(self, index: int) -> float:
        binding = self.bindings[index]
        return milliseconds(lambda: self.session.run_with_iobinding(binding))


class OpenVinoModel:
    """A request over inputs that are shared with it, for the sample's shape."""

    def __init__(self, path: str, samples: list[dict], threads: int):
        import openvino

        core = openvino.Core()
        model = core.read_model(path)
        model.reshape({name: list(array.shape) for name, array in samples[0].items()})
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",  # else float models run in bfloat16 where the CPU has it
        }
        self.request = core.compile_model(model, "CPU", settings).create_infer_request()
        self.tensors = [{name: openvino.Tensor(array, shared_memory=True) for name, array in sample.items()}
                        for sample in samples]

    def run(self, index: int) -> float:
        for name, tensor in self.tensors[index].items():
            self.request.set_tensor(name, tensor)
        return milliseconds(self.request.infer)


RUNTIMES = {"onnxruntime": OnnxRuntimeModel, "openvino": OpenVinoModel}


class Loaded:
    def __init__(self, runtime: str, threads: int, path: str, folder: str):
        self.samples = [dict(np.load(file)) for file in sorted(pathlib.Path(folder).glob("*.npz"))]
        self.next = 0
        start = time.perf_counter_ns()
        self.model = RUNTIMES[runtime](path, self.samples, threads)
        self.load_time = (time.perf_counter_ns() - start) / 1e6
        self.first_run_time = self.run()

    def run(self) -> float:
        index = self.next
        self.next = (index + 1) % len(self.samples)
        return self.model.run(index)


def main() -> None:
    runtime, threads = sys.argv[1], int(sys.argv[2])
    loaded: dict[str, Loaded] = {}
    for line in sys.stdin:
        command, name, *rest = line.rstrip("\n").split("\t")
        if command == "load":
            loaded[name] = Loaded(runtime, threads, *rest)
            times = [loaded[name].load_time, loaded[name].first_run_time]
        else:
            times = [loaded[name].run() for _ in range(int(rest[0]))]
        print(" ".join(f"{value:.4f}" for value in times), flush=True)


if __name__ == "__main__":
    main()
