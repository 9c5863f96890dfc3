"""The models that are measured, their samples, and how `quantize` is told to prepare pictures."""

import dataclasses
import pathlib
import tarfile
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from .paths import ROOT, SHARED, WORK

PICTURES = (".jpg", ".jpeg", ".png")


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    path: pathlib.Path
    calibration: Callable[[], pathlib.Path]  # makes the folder where it has to be made
    flags: tuple[str, ...]  # that tell `quantize` how samples become inputs
    read: Callable[[pathlib.Path], dict[str, np.ndarray]]  # one file as the inputs of one run
    is_transformer: bool = False

    def files(self) -> list[pathlib.Path]:
        """All calibration samples, in a fixed order."""
        return sorted(path for path in self.calibration().rglob("*") if path.suffix.lower() in (*PICTURES, ".npz"))

    def samples(self) -> Iterator[dict[str, np.ndarray]]:
        return map(self.read, self.files())

    def timed_samples(self, count: int) -> list[dict[str, np.ndarray]]:
        """Real inputs, all of the shape that is the most frequent one."""
        by_shape: dict[tuple, list] = {}
        for sample in self.samples():
            by_shape.setdefault(tuple(array.shape for array in sample.values()), []).append(sample)
        most = max(by_shape.values(), key=len)
        return most[:: max(len(most) // count, 1)][:count]


def read_digit(path: pathlib.Path) -> dict[str, np.ndarray]:
    return {"image": (np.asarray(Image.open(path), np.float32) / 255).reshape(1, 1, 8, 8)}


def read_imagenet(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Short side 256 bilinear, centre 224, (pixel - 127) / 128, channels first."""
    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize((max(256, int(image.width * scale)), max(256, int(image.height * scale))), Image.BILINEAR)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return {"image": np.ascontiguousarray(((pixels - 127) / 128).transpose(2, 0, 1)[None])}


def read_cifar(path: pathlib.Path) -> dict[str, np.ndarray]:
    return {"image": np.asarray(Image.open(path).convert("RGB"), np.float32)[None]}


def read_arrays(path: pathlib.Path) -> dict[str, np.ndarray]:
    return dict(np.load(path))


def cifar_folder() -> pathlib.Path:
    """500 pictures of the training set, 50 of each class."""
    folder = WORK / "cifar10"
    if not folder.is_dir():
        taken: dict[str, int] = {}
        with tarfile.open(SHARED / "data" / "cifar10" / "train.tar") as archive:
            for member in archive:
                place = str(pathlib.PurePath(member.name).parent)
                taken[place] = taken.get(place, 0) + 1
                if taken[place] <= 50:
                    archive.extract(member, folder.with_suffix(".part"), filter="data")
        folder.with_suffix(".part").rename(folder)
    return folder


def models() -> list[Model]:
    """The digits network that ships here; the larger ones where the shared folder beside the checkout has them."""
    digits = ROOT / "models" / "digits"
    data = SHARED / "data"
    imagenet_flags = ("--resize", "256", "--crop", "224", "--mean", "127", "--std", "128")
    known = [
        Model("digits", digits / "digits.onnx", lambda: digits / "calibration", ("--scale", "1/255"), read_digit),
        Model("resnet8", SHARED / "models" / "resnet8_cifar10.onnx", cifar_folder, ("--preset", "raw"), read_cifar),
        Model(
            "efficientnet_lite0",
            SHARED / "models" / "efficientnet_lite0.onnx",
            lambda: data / "imagenet" / "calibration",
            imagenet_flags,
            read_imagenet,
        ),
        Model(
            "minilm_l6",
            SHARED / "models" / "minilm_l6.onnx",
            lambda: data / "text" / "calibration",
            (),
            read_arrays,
            is_transformer=True,
        ),
    ]
    return [model for model in known if model.path.exists()]
