"""What a bundle says of itself in bundle.json, read and checked without loading a network (contract 2)."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgcore.bundle.schema import MAX_BYTES, checked_manifest
from ecgcore.bundle.weights import check_weights
from ecgcore.errors import BadBundle

MANIFEST = "bundle.json"
ERASED_PAGES = "erased_pages"
"""Its entry of how many pages that it has seen were erased since, and stand in its list no more."""
GET_ANOTHER = "Fetch the bundle again or use another one."

SeenRow = tuple[str, str, str]
"""Picture hash, group and source record of one page that a bundle was trained on; empty where unknown."""

GroupName = Callable[[str], str]
"""How files of a data folder name a group; others name it as it is."""

_CHUNK_BYTES = 1 << 20


def as_it_is(group: str) -> str:
    """The name of a group outside of a data folder."""
    return group


@dataclass(frozen=True)
class Seen:
    """Everything that a bundle and its parents were trained on, but for pages that were erased since."""

    picture_hashes: frozenset[str]
    groups: frozenset[str]
    source_records: frozenset[str]

    @classmethod
    def of(cls, rows: Iterable[Iterable[str]], name_group: GroupName = as_it_is) -> "Seen":
        """The three columns of ``bundle.json``'s list; empty cells know nothing.

        Args:
            rows: the list.
            name_group: how the pages to be compared name groups, which older bundles list as they are.
        """
        columns = [frozenset(column) - {""} for column in zip(*rows, strict=True)]
        if not columns:
            return cls(frozenset(), frozenset(), frozenset())
        pictures, groups, records = columns
        return cls(pictures, groups | {name_group(group) for group in groups}, records)

    def has(self, picture_hash: str = "", group: str = "", source_record: str = "") -> bool:
        """Whether this picture, its group or its source record is among them."""
        return picture_hash in self.picture_hashes or group in self.groups or source_record in self.source_records


def starter_folder() -> Path:
    """The bundle that ships with the program."""
    return Path(__file__).parents[1] / "starter"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The bundle's own account of itself, as ``schema.Manifest`` has it.

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


def manifest_text(manifest: Mapping[str, Any], seen: Iterable[Iterable[str]]) -> str:
    """The content of ``bundle.json``: a row of ``seen`` a line, so that thousands of them stay readable."""
    head = json.dumps(dict(manifest), indent=1)
    rows = ",\n  ".join(json.dumps(list(row)) for row in seen)
    return f'{head[:-2]},\n "seen": [\n  {rows}\n ]\n}}\n'


def fingerprint(manifest: Mapping[str, Any]) -> str:
    """What makes a bundle this one and no other: all but the list of seen pages, which shrinks by erased ones."""
    lasting = {key: value for key, value in manifest.items() if key not in ("seen", ERASED_PAGES)}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()


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
