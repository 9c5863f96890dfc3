#!/usr/bin/env python3
"""Makes the files beside it, the independent reference of the tests: needs NumPy and Pillow (made with Pillow 11.3).

All pictures show the same pattern, which the tests compute too: at (x, y) red = 7x + 3y, green = 5x + 11y and
blue = 13x + xy, all modulo 256.
"""

import pathlib
import struct
import zipfile

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent


def pattern(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([7 * x + 3 * y, 5 * x + 11 * y, 13 * x + x * y], axis=-1)
    return Image.fromarray((rgb % 256).astype(np.uint8))


def smooth(width: int, height: int) -> Image.Image:
    """A pattern that survives JPEG."""
    return pattern(12, 9).resize((width, height), Image.Resampling.BICUBIC)


def with_black(picture: Image.Image) -> Image.Image:
    """As CMYK with a black channel that Pillow's own conversion would leave empty."""
    channels = picture.convert("CMYK").split()
    return Image.merge("CMYK", (*channels[:3], channels[0].point(lambda value: value // 3)))


def resized() -> None:
    picture = pattern(41, 29)
    for name, size, method in (
        ("bilinear_17x11", (17, 11), Image.Resampling.BILINEAR),
        ("bicubic_17x11", (17, 11), Image.Resampling.BICUBIC),
        ("bilinear_60x41", (60, 41), Image.Resampling.BILINEAR),
        ("bicubic_60x41", (60, 41), Image.Resampling.BICUBIC),
    ):
        picture.resize(size, method).save(HERE / f"{name}.png", optimize=True)
    picture.convert("L").resize((17, 11), Image.Resampling.BICUBIC).save(HERE / "gray_bicubic_17x11.png")


def pngs() -> None:
    picture = pattern(6, 5)
    picture.save(HERE / "rgb.png")
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(HERE / "palette.png")
    rgba = picture.copy()
    rgba.putalpha(picture.getchannel("R"))
    rgba.save(HERE / "rgba.png")
    picture.getchannel("R").save(HERE / "gray.png")
    # 16 bits: the upper byte is the red channel, the lower byte is 255.
    wide = np.asarray(picture.getchannel("R")).astype(np.uint16) * 256 + 255
    Image.fromarray(wide).save(HERE / "gray16.png")
    Image.fromarray(np.asarray(picture.getchannel("R")) >= 20).save(HERE / "one_bit.png")


def jpegs() -> None:
    """Each JPEG with the pixels that Pillow decodes, as PNG."""
    picture = smooth(35, 27)
    for name, source, options in (
        ("baseline", picture, {"quality": 85}),
        ("progressive", picture, {"quality": 85, "progressive": True}),
        ("gray", picture.convert("L"), {"quality": 85}),
        ("cmyk", with_black(picture), {"quality": 85}),
    ):
        path = HERE / f"{name}.jpg"
        source.save(path, **options)
        decoded = Image.open(path)
        decoded.convert("L" if decoded.mode == "L" else "RGB").save(HERE / f"{name}_decoded.png", optimize=True)


def arrays() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(HERE / "float32.npy", values)
    np.save(HERE / "fortran.npy", np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4)))
    np.save(HERE / "big_endian.npy", values.astype(">f4"))
    np.save(HERE / "half.npy", np.array([0.5, -2.0], dtype=np.float16))
    np.save(HERE / "bool.npy", np.array([True, False, True]))
    with open(HERE / "version3.npy", "wb") as file:
        np.lib.format.write_array(file, np.array([7, 8], dtype=np.uint32), version=(3, 0))
    named = {"ids": np.array([[3, 1, 2]], dtype=np.int64), "mask": np.ones((1, 3), dtype=np.int64)}
    np.savez(HERE / "stored.npz", **named)
    np.savez_compressed(HERE / "deflated.npz", **named)
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.savez_compressed(HERE / "labelled.npz", x=rows, labels=np.array([4, 0, 9], dtype=np.uint8))


def zip64() -> None:
    """stored.npz again, with every size of its table of contents in 64-bit extra fields."""
    path = HERE / "zip64.npz"
    limit = zipfile.ZIP64_LIMIT
    zipfile.ZIP64_LIMIT = 0
    try:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("ids.npy"), zipfile.ZipFile(HERE / "stored.npz").read("ids.npy"))
    finally:
        zipfile.ZIP64_LIMIT = limit
    assert struct.pack("<I", 0x06064B50) in path.read_bytes()


resized()
pngs()
jpegs()
arrays()
zip64()
