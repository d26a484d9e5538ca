"""What lies beside the database and the pictures and is worth keeping: bundles, and what came out of trainings.

bundles/VERSION/   bundle.json and the weights that it lists with their sha256
runs/N/            results as JSON, CSV and text; fold-K/ holds those of one fold

Caches, checkpoints and the networks of folds can be made again and are not kept.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

BUNDLES, RUNS = "bundles", "runs"

_VERSION = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
_KEPT = re.compile(
    rf"{BUNDLES}/{_VERSION}/(bundle\.json|[a-z]+\.safetensors)|{RUNS}/\d+/(fold-\d+/)?[a-z_]+\.(json|csv|txt)"
)
_UNFINISHED = ".partial"
_CHUNK_BYTES = 1 << 20


def is_backed_up(name: str) -> bool:
    """Whether a path within the data folder, with slashes, is one of these files."""
    return bool(_KEPT.fullmatch(name)) and _UNFINISHED not in name


def backed_up_files(data_folder: Path) -> list[str]:
    """Paths of all these files within the data folder, sorted."""
    patterns = (f"{BUNDLES}/*/*", f"{RUNS}/*/*", f"{RUNS}/*/fold-*/*")
    paths = (path for pattern in patterns for path in data_folder.glob(pattern) if path.is_file())
    return sorted(filter(is_backed_up, (path.relative_to(data_folder).as_posix() for path in paths)))


def damaged_files(data_folder: Path) -> Iterator[str]:
    """One sentence for each of these files that is missing, altered or broken."""
    for folder in sorted((data_folder / BUNDLES).glob("*")):
        if is_backed_up(f"{BUNDLES}/{folder.name}/bundle.json"):
            yield from _damage_of_bundle(folder)
    for name in backed_up_files(data_folder):
        if name.startswith(RUNS) and name.endswith(".json") and _read_json(data_folder / name) is None:
            yield f"{name} of a training is broken"


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _damage_of_bundle(folder: Path) -> Iterator[str]:
    manifest = _read_json(folder / "bundle.json")
    try:
        weights = [(str(entry["file"]), str(entry["sha256"])) for entry in manifest["weights"].values()]  # type: ignore[index]
    except (TypeError, KeyError, AttributeError):
        yield f"model {folder.name}: bundle.json is missing or broken"
        return
    for name, sha256 in weights:
        try:
            if sha256_of(folder / Path(name).name) != sha256:
                yield f"model {folder.name}: {name} was altered"
        except OSError as error:
            yield f"model {folder.name}: {name} cannot be read ({error.strerror})"


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
