"""A bundle as one file: out of this machine, and into another; loads no network."""

import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from annotations.erasure.mentions import wait_until_forgotten
from annotations.exchange.zip_archives import DAMAGED, listed_entries
from annotations.model import StoreError
from annotations.store import Store
from ecgcore.bundle.manifest import MANIFEST, check_files
from ecgcore.errors import BundleError
from ecgcore.networks.configs import PARTS, PUBLISHED_PARTS
from trainer.registry.catalogue import BundleFacts, bundle, bundles, bundles_folder, check_version

MOST_BYTES = 2 * 1024**3
"""Unpacked; the shipped bundle has 50 MB, the published networks in half precision some 300 MB."""
NAMES = frozenset({MANIFEST, *(f"{part}.safetensors" for part in PARTS)})
"""The most that a bundle's folder holds; the published method has no waveform network."""
ALWAYS_THERE = frozenset({MANIFEST, *(f"{part}.safetensors" for part in PUBLISHED_PARTS)})

MOST_ENTRIES = 1000
"""Marks of a ZIP's entries that are counted before it is opened; weights hold one by chance every four gigabytes."""

_CHUNK_BYTES = 1 << 20
_OTHER_FILES = "The file does not hold exactly the files of a model."
_CHOOSE_ANOTHER = "Choose a file that Export (export-bundle) wrote."


def check_bundle(facts: BundleFacts) -> None:
    """Compare a bundle's files with their sha256; asked again while none of them changed, it answers at once.

    Args:
        facts: of the bundle.

    Raises:
        BundleError: a file of the bundle is missing or altered.
    """
    try:
        states = [(facts.folder / name).stat() for name in _names_in(facts.folder)]
    except OSError:
        check_files(facts.folder)  # says which one
        return
    _check_files_as_of(facts.folder, tuple((state.st_mtime_ns, state.st_size) for state in states))


@lru_cache(maxsize=64)
def _check_files_as_of(folder: Path, _states: tuple[tuple[int, int], ...]) -> None:
    check_files(folder)


def _names_in(folder: Path) -> list[str]:
    return sorted(name for name in NAMES if (folder / name).exists())


def export_bundle(store: Store, version: str, file: Path) -> None:
    """Write a bundle as one ZIP file; it appears whole or not at all.

    Args:
        store: the data folder.
        version: the bundle's.
        file: the new file.

    Raises:
        StoreError: there is no such bundle, the file exists, or it cannot be written.
        BundleError: a file of the bundle is missing or altered.
    """
    wait_until_forgotten(store)
    facts = bundle(store, version)
    check_files(facts.folder)
    if file.exists():
        raise StoreError(f"{file} exists already.", "Choose another name.")
    partial = file.with_name(file.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:  # weights hardly shrink
            for name in _names_in(facts.folder):
                archive.write(facts.folder / name, name)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(
            f"{file} cannot be written: {error.strerror}.", "Free space or choose another place."
        ) from error


def import_bundle(store: Store, file: Path | BinaryIO) -> BundleFacts:
    """Take a bundle over from a file; it is neither compared nor active yet.

    Args:
        store: the data folder.
        file: as ``export_bundle`` wrote it, by path or opened.

    Raises:
        StoreError: it is no such file, is too large, holds anything else, or its version is here already.
        BundleError: a file in it is missing or altered, or holds what no model does; nothing is kept of it.
    """
    root = bundles_folder(store.folder)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=root, prefix=".import-") as temporary:
        unpacked = Path(temporary) / "bundle"
        unpacked.mkdir(mode=0o700)
        try:
            _unpack(file, unpacked)
        except (OSError, *DAMAGED) as error:
            raise StoreError(f"This is not a model file: {error}.", _CHOOSE_ANOTHER) from error
        try:
            manifest = check_files(unpacked)
            version = check_version(manifest.version)
        except BundleError as error:
            raise BundleError(error.cause.replace(f"{unpacked}/", ""), _CHOOSE_ANOTHER) from error
        if {MANIFEST, *(weights.file for weights in manifest.weights.values())} != set(_names_in(unpacked)):
            raise StoreError(_OTHER_FILES, _CHOOSE_ANOTHER)
        if version in {known.version for known in bundles(store)} or (root / version).exists():
            raise StoreError(f"Model {version} is here already.", "It stays as it is; nothing was imported.")
        unpacked.rename(root / version)
    return bundle(store, version)


def _unpack(file: Path | BinaryIO, folder: Path) -> None:
    if isinstance(file, Path):
        with file.open("rb") as stream:
            _unpack(stream, folder)
        return
    if listed_entries(file) > MOST_ENTRIES:
        raise StoreError(_OTHER_FILES, _CHOOSE_ANOTHER)
    with zipfile.ZipFile(file) as archive:
        names = [entry.filename for entry in archive.infolist()]
        if len(names) != len(set(names)) or not ALWAYS_THERE <= set(names) <= NAMES:
            raise StoreError(_OTHER_FILES, _CHOOSE_ANOTHER)
        left = MOST_BYTES
        for name in names:
            with archive.open(name) as packed, (folder / name).open("wb") as plain:
                while chunk := packed.read(_CHUNK_BYTES):
                    left -= len(chunk)  # what comes out counts, not what the archive says of itself
                    if left < 0:
                        raise StoreError(f"The model is larger than {MOST_BYTES >> 30} GB.", _CHOOSE_ANOTHER)
                    plain.write(chunk)
