"""What the client tests share: our programs, the models, and other runtimes to compare with."""

import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import onnxruntime
from PIL import Image

SOURCE = pathlib.Path(os.environ["QUANTIZE_SOURCE_DIR"])
QUANTIZE = os.environ["QUANTIZE_BINARY"]
RUN_MODEL = os.environ["QUANTIZE_RUN_MODEL"]
SHARED = SOURCE / ".." / "shared"
DIGITS = SOURCE / "models" / "digits"


def quantize(*arguments) -> str:
    """Runs our program and returns what it prints; fails loudly."""
    result = subprocess.run([QUANTIZE, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError(f"quantize {arguments} gave {result.returncode}:\n{result.stderr}")
    return result.stdout


def session(path, optimize=True, save_optimized=None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimize else levels.ORT_DISABLE_ALL
    if save_optimized:
        options.optimized_model_filepath = str(save_optimized)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_theirs(runtime: onnxruntime.InferenceSession, samples: list[dict]) -> list[list[np.ndarray]]:
    return [runtime.run(None, sample) for sample in samples]


def run_ours(model, backend: str, samples: list[dict]) -> list[list[np.ndarray]]:
    """Our executor on the same samples; each is a dict in the order of the model's inputs."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for number, sample in enumerate(samples):
            place = root / str(number)
            place.mkdir()
            for index, array in enumerate(sample.values()):
                (place / f"input_{index}.pb").write_bytes(numpy_helper.from_array(array).SerializeToString())
        subprocess.run([RUN_MODEL, str(model), backend, folder], check=True)
        return [read_outputs(root / str(number)) for number in range(len(samples))]


def read_outputs(place: pathlib.Path) -> list[np.ndarray]:
    outputs = []
    for index in range(len(list(place.glob("output_*.pb")))):
        proto = onnx.TensorProto()
        proto.ParseFromString((place / f"output_{index}.pb").read_bytes())
        outputs.append(numpy_helper.to_array(proto))
    return outputs


def relative_difference(expected: np.ndarray, actual: np.ndarray) -> float:
    return float(np.abs(expected - actual).max() / max(np.abs(expected).max(), 1e-12))


def top1_agreement(first, second) -> float:
    same = [np.argmax(a[0]) == np.argmax(b[0]) for a, b in zip(first, second)]
    return float(np.mean(same))


def cosine(a, b) -> float:
    a, b = np.ravel(a).astype(np.float64), np.ravel(b).astype(np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def sentences(outputs, samples) -> np.ndarray:
    """The normalised mean over the words of each sentence."""
    vectors = []
    for (hidden, *_), sample in zip(outputs, samples):
        mask = sample["attention_mask"][..., None].astype(np.float32)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        vectors.append((mean / np.linalg.norm(mean, axis=-1, keepdims=True))[0])
    return np.array(vectors)


def neighbours(vectors: np.ndarray) -> np.ndarray:
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, -9)
    return similar.argmax(1)


def save_model(path, nodes, inputs, outputs, constants, opset=17, inputs_of_integers=None):
    """inputs and outputs: name -> shape, of floats."""
    info = lambda values, kind=TensorProto.FLOAT: [helper.make_tensor_value_info(n, kind, s) for n, s in values.items()]
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    all_inputs = info(inputs) + info(inputs_of_integers or {}, TensorProto.INT64)
    graph = helper.make_graph(nodes, "model", all_inputs, info(outputs), initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


# --- samples ---------------------------------------------------------------------------------------------------------


def digits_samples(count: int) -> list[dict]:
    files = sorted((DIGITS / "validation").rglob("*.png"))
    chosen = files[:: max(len(files) // count, 1)][:count]
    pixels = [np.asarray(Image.open(file), np.float32) / 255 for file in chosen]
    return [{"image": picture.reshape(1, 1, 8, 8)} for picture in pixels]


def imagenet_picture(path) -> np.ndarray:
    """Short side 256 bilinear, centre crop 224, (x - 127) / 128, NCHW."""
    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize((max(256, int(image.width * scale)), max(256, int(image.height * scale))), Image.BILINEAR)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return ((pixels - 127) / 128).transpose(2, 0, 1)[None]


def imagenet_samples(count: int, split: str = "validation") -> list[dict]:
    files = sorted((SHARED / "data" / "imagenet" / split).rglob("*.JPEG"))
    files += sorted((SHARED / "data" / "imagenet" / split).rglob("*.jp*g"))
    chosen = files[:: max(len(files) // count, 1)][:count]
    name = session(SHARED / "models" / "efficientnet_lite0.onnx").get_inputs()[0].name
    return [{name: imagenet_picture(file)} for file in chosen]


def random_samples(model, count: int) -> list[dict]:
    """Random inputs for models whose samples do not matter; open sizes become 1 for the batch and 16 elsewhere."""
    generator = np.random.default_rng(0)
    inputs = session(model).get_inputs()
    samples = []
    for _ in range(count):
        sample = {}
        for value in inputs:
            shape = [d if isinstance(d, int) else (1 if i == 0 else 16) for i, d in enumerate(value.shape)]
            if value.type == "tensor(int64)":
                sample[value.name] = generator.integers(0, 2, shape).astype(np.int64)
            else:
                sample[value.name] = generator.normal(size=shape).astype(np.float32)
        samples.append(sample)
    return samples


def text_samples(count: int) -> list[dict]:
    files = sorted((SHARED / "data" / "text" / "validation").glob("*.npz"))[:count]
    names = [value.name for value in session(SHARED / "models" / "minilm_l6.onnx").get_inputs()]
    samples = []
    for file in files:
        arrays = np.load(file)
        samples.append({name: np.atleast_2d(arrays[name]) for name in names})
    return samples


def skip_without_shared() -> bool:
    if (SHARED / "models").is_dir():
        return False
    print("skipped: the shared folder with large models is absent", file=sys.stderr)
    return True
