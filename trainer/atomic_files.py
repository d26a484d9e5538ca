"""Texts and JSON that are whole or absent, as all files of a run are."""

import json
from pathlib import Path
from typing import Any

from ecgcore.output.files import write_bytes_atomic

__all__ = ["write_bytes_atomic", "write_json_atomic", "write_text_atomic"]


def write_text_atomic(path: Path, text: str) -> None:
    """As ``write_bytes_atomic``, UTF-8.

    Args:
        path: of the file.
        text: its content.
    """
    write_bytes_atomic(path, text.encode("utf-8"))


def write_json_atomic(path: Path, value: Any) -> None:
    """As ``write_bytes_atomic``, indented JSON.

    Args:
        path: of the file.
        value: its content.

    Raises:
        ValueError: a number in it is not finite, which is no JSON.
    """
    write_text_atomic(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
