"""What a bundle says of itself in bundle.json, read and checked without loading a network (contract 2)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgcore.errors import BadBundle
from ecgcore.manifest_schema import MAX_BYTES, checked_manifest
from ecgcore.manifest_weights import check_weights

MANIFEST = "bundle.json"
GET_ANOTHER = "Fetch the bundle again or use another one."

SeenRow = tuple[str, str, str]
"""Picture hash, group and source record of one page that a bundle was trained on; empty where unknown."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Seen:
    """Everything that a bundle and its parents were trained on."""

    picture_hashes: frozenset[str]
    groups: frozenset[str]
    source_records: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Iterable[str]]) -> "Seen":
        """The three columns of ``bundle.json``'s list; empty cells know nothing."""
        columns = [frozenset(column) - {""} for column in zip(*rows, strict=True)]
        return cls(*columns) if columns else cls(frozenset(), frozenset(), frozenset())

    def has(self, picture_hash: str = "", group: str = "", source_record: str = "") -> bool:
        """Whether this picture, its group or its source record is among them."""
        return picture_hash in self.picture_hashes or group in self.groups or source_record in self.source_records


def starter_folder() -> Path:
    """The bundle that ships with the program."""
    return Path(__file__).parent / "starter"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The bundle's own account of itself, as ``manifest_schema.Manifest`` has it.

    Raises:
        BadBundle: ``bundle.json`` is missing, no JSON, or anything in it is of another type or out of range.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as stream:
            return checked_manifest(stream.read(MAX_BYTES + 1))
    except OSError as error:
        raise BadBundle(f"{path} cannot be read ({error.strerror}).", "Give the folder of a bundle.") from error
    except ValueError as error:
        raise BadBundle(f"{path} cannot be used: {error}.", GET_ANOTHER) from error


def weight_files(manifest: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """File name and sha256 of each network, from a manifest that was read."""
    return {part: (entry["file"], entry["sha256"]) for part, entry in manifest["weights"].items()}


def check_files(folder: Path) -> dict[str, Any]:
    """Read the manifest, compare the sha256 of every file with it, and check that the files hold weights.

    Returns:
        The manifest.

    Raises:
        BadBundle: a file is missing, altered or no weights; the message names it.
    """
    manifest = read_manifest(folder)
    for name, sha256 in weight_files(manifest).values():
        path = folder / name
        try:
            if _sha256(path) != sha256:
                raise BadBundle(f"{path} was altered: its sha256 is not the one in {MANIFEST}.", GET_ANOTHER)
            check_weights(path)
        except OSError as error:
            raise BadBundle(f"{path} cannot be read ({error.strerror}).", GET_ANOTHER) from error
        except ValueError as error:
            raise BadBundle(f"{path} cannot be used: {error}.", GET_ANOTHER) from error
    return manifest


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
