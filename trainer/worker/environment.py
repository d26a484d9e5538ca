"""What a run worked with, beside its data and settings: program, libraries and machine."""

import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import torch
from pydantic import JsonValue

LIBRARIES = ("torch", "torchvision", "numpy", "opencv-python-headless", "safetensors", "scipy", "sqlite-utils")
_PROGRAM = Path(__file__).parents[2]
_PATIENCE_S = 10.0
"""With git, on a machine that is busy."""


def environment(device: torch.device) -> dict[str, JsonValue]:
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
    """The commit that a git checkout stands at; None where it is none, or there is no git."""
    command = ["git", f"--git-dir={folder / '.git'}", "rev-parse", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE_S)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
