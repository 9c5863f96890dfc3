"""What the numbers were measured on and with."""

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import time

from .paths import BUILD, ROOT

PACKAGES = ("onnxruntime", "openvino", "nncf", "onnx", "numpy", "pillow")
INT8_FLAGS = ("avx2", "avx_vnni", "avx512bw", "avx512_vnni", "amx_int8")


def first_match(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def busy_share(seconds: float = 0.5) -> float:
    """How much of all cores' time other programs use now."""

    def idle_and_total() -> tuple[int, int]:
        with open("/proc/stat") as status:
            ticks = [int(word) for word in status.readline().split()[1:]]
        return ticks[3] + ticks[4], sum(ticks)

    idle, total = idle_and_total()
    time.sleep(seconds)
    later_idle, later_total = idle_and_total()
    return 1 - (later_idle - idle) / max(later_total - total, 1)


def describe(command: list[str]) -> dict:
    info = open("/proc/cpuinfo").read()
    flags = first_match(r"^flags\s*: (.*)$", info).split()
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    version = subprocess.run([BUILD / "quantize", "--version"], capture_output=True, text=True)
    return {
        "date": datetime.date.today().isoformat(),
        "command": " ".join(command),
        "cpu": first_match(r"^model name\s*: (.*)$", info),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "int8_instructions": [flag for flag in INT8_FLAGS if flag in flags],
        "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}",
        "quantize": version.stdout.strip(),
        "revision": revision.stdout.strip() or "unknown",
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
