"""Makes everything in this folder: the network digits.onnx and the pictures it was made from and is judged by.

    python -m venv venv && . venv/bin/activate
    pip install torch scikit-learn onnx onnxruntime pillow
    python train.py

Half a minute on one CPU core. The seeds are fixed, so the split and the pictures are always the same; the weights are the
same bytes for the same PyTorch on the same kind of CPU.
"""

import io
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn

HERE = Path(__file__).resolve().parent

SEED = 0
CLASSES = 10
TRAINING_PER_CLASS = 100
CALIBRATION_PER_CLASS = 20  # taken from the training images: calibration must not see what the result is judged by
WHITE = 16  # the brightest value in the data set

EPOCHS = 60
BATCH = 50
PEAK_LEARNING_RATE = 4e-3
OPSET = 17


# The data


def load_pictures():
    """All 1,797 images as 8-bit grayscale [N,8,8], and their labels."""
    digits = load_digits()
    return np.round(digits.images * 255 / WHITE).astype(np.uint8), digits.target


def split(labels):
    """Indices for training (the same number of each class) and validation (all the rest)."""
    shuffled = np.random.default_rng(SEED).permutation(len(labels))
    by_class = [shuffled[labels[shuffled] == c] for c in range(CLASSES)]
    training = np.concatenate([indices[:TRAINING_PER_CLASS] for indices in by_class])
    validation = np.concatenate([indices[TRAINING_PER_CLASS:] for indices in by_class])
    return training, validation


def first_of_each_class(indices, labels, count):
    return np.concatenate([indices[labels[indices] == c][:count] for c in range(CLASSES)])


def write_pictures(folder, indices, pictures, labels):
    """One PNG for each image, in a folder per class, named after its place in the data set."""
    for i in indices:
        path = folder / str(labels[i]) / f"{i:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures[i]).save(path, optimize=True)


def read_pictures(folder):
    paths = sorted(folder.glob("*/*.png"))
    pictures = np.stack([np.asarray(Image.open(path)) for path in paths])
    return pictures, np.array([int(path.parent.name) for path in paths])


def to_input(pictures):
    """[N,8,8] bytes to the network's float [N,1,8,8] in 0..1."""
    return pictures[:, None].astype(np.float32) / 255


# The network


def conv_bn(src, dst, kernel, groups=1):
    # No bias: the BatchNormalization that follows would cancel it.
    return nn.Sequential(
        nn.Conv2d(src, dst, kernel, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(dst),
    )


class Residual(nn.Module):
    """relu(x + BN(conv3x3(relu(BN(conv3x3(x))))))"""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = conv_bn(channels, channels, 3)
        self.conv2 = conv_bn(channels, channels, 3)

    def forward(self, x):
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class Separable(nn.Module):
    """A 3x3 convolution split into one that mixes pixels (depthwise) and one that mixes channels (pointwise)."""

    def __init__(self, src, dst):
        super().__init__()
        self.depthwise = conv_bn(src, src, 3, groups=src)
        self.pointwise = conv_bn(src, dst, 1)

    def forward(self, x):
        return F.relu(self.pointwise(F.relu(self.depthwise(x))))


class DigitsNet(nn.Module):
    """8x8 pixels -> 24 channels at 8x8 -> 48 channels at 4x4 -> 10 logits."""

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(1, 24, 3)
        self.block1 = Residual(24)
        self.expand = Separable(24, 48)
        self.block2 = Residual(48)
        self.classifier = nn.Linear(48, CLASSES)

    def forward(self, image):
        x = self.block1(F.relu(self.stem(image)))
        x = F.max_pool2d(x, 2)
        x = self.block2(self.expand(x))
        x = F.adaptive_avg_pool2d(x, 1)
        return self.classifier(torch.flatten(x, 1))


# Training


def augment(images):
    """Shifts up to a pixel, turns up to 11 degrees and scales by up to 10 %: a thousand images alone are learnt by heart."""
    count = len(images)

    def uniform(limit):
        return (torch.rand(count) * 2 - 1) * limit

    angle, scale = uniform(0.2), 1 + uniform(0.1)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    pixel = 2 / images.shape[-1]  # affine_grid measures the image from -1 to 1
    rows = [torch.stack([cos, -sin, uniform(pixel)], 1), torch.stack([sin, cos, uniform(pixel)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), images.shape, align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def train(images, labels):
    network = DigitsNet()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    steps = EPOCHS * len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(network(augment(images[batch])), labels[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


# The ONNX file


def export(network):
    """BatchNormalization stays a node of its own: PRESERVE keeps the exporter from folding it into the convolutions."""
    buffer = io.BytesIO()
    torch.onnx.export(
        network,
        (torch.zeros(1, 1, 8, 8),),
        buffer,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        opset_version=OPSET,
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
        dynamo=False,
    )
    return onnx.load_from_string(buffer.getvalue())


def count_correct(model, pictures, labels):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"image": to_input(pictures)})
    return int((logits.argmax(1) == labels).sum())


def describe(model, correct, total):
    model.doc_string = model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""  # the exporter puts paths of the machine it ran on here
    onnx.helper.set_model_props(
        model,
        {
            "data": "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, 1998, "
            "UCI Machine Learning Repository, https://doi.org/10.24432/C50P49; test set as in scikit-learn's load_digits",
            "data_licence": "CC BY 4.0",
            "preprocess": "8x8 gray, pixel / 255",
            "top-1": f"{correct / total:.4f} ({correct} of {total} images in validation/)",
        },
    )


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # more threads would add in another order, and give other weights
    torch.use_deterministic_algorithms(True)

    pictures, labels = load_pictures()
    training, validation = split(labels)
    calibration = first_of_each_class(training, labels, CALIBRATION_PER_CLASS)
    write_pictures(HERE / "calibration", calibration, pictures, labels)
    write_pictures(HERE / "validation", validation, pictures, labels)

    network = train(torch.from_numpy(to_input(pictures[training])), torch.from_numpy(labels[training]))
    model = export(network)
    held_out, expected = read_pictures(HERE / "validation")  # judged by the files as written, not by what is in memory
    correct = count_correct(model, held_out, expected)
    describe(model, correct, len(expected))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "digits.onnx")
    print(f"top-1 on validation/: {correct} of {len(expected)} ({correct / len(expected):.2%})")


if __name__ == "__main__":
    main()
