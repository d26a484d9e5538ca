"""What a run worked with, beside its data and settings: program, libraries and machine."""

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

LIBRARIES = ("torch", "torchvision", "numpy", "opencv-python-headless", "safetensors", "scipy", "sqlite-utils")
_PROGRAM = Path(__file__).parents[2]


def environment(device: torch.device) -> dict[str, Any]:
    """Versions of program and libraries, and the machine; JSON-able. Numbers may differ where any of these do."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit_of(_PROGRAM),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "machine": platform.machine(),
        "system": platform.system(),
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    }


def commit_of(folder: Path) -> str | None:
    """The commit that a git checkout stands at, read from its files; None where it is no checkout."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (git / name).exists():
            return (git / name).read_text(encoding="ascii").strip()
        packed = (git / "packed-refs").read_text(encoding="ascii").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except (OSError, ValueError):
        return None
