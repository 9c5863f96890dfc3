"""Writing results."""

import os
import pathlib


def replace(path: pathlib.Path, text: str) -> None:
    """A reader, and who comes after an interruption, finds the old text or the new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    os.replace(part, path)
