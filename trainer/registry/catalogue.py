"""The bundles on this machine: which there are and which one answers; loads no network.

bundles/VERSION   in the data folder: what trainings made and what was imported; the starter lies in the program
"""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from annotations.artifacts.files import BUNDLES
from annotations.model import StoreError
from annotations.patients.keys import group_in_files
from annotations.runs.activations import Activation, activations, active_version
from annotations.runs.training_runs import COMPARED, TrainingRun, runs_of_bundle
from annotations.store import Store
from ecgcore.bundle.manifest import MANIFEST, Figures, Manifest, TrainedOn, read_manifest, starter_folder
from ecgcore.errors import BundleError
from trainer.registry.comparisons import comparison_of

OVERRIDE = "ECG_BUNDLE_DIR"
"""Environment variable that names a bundle's folder, which then answers whatever is active."""

Origin = Literal["starter", "trained", "imported", "environment"]
BundleStatus = Literal[
    "in use", "being compared", "rejected", "earlier in use", "starter", "candidate", "not compared",
]  # fmt: skip
"""What a bundle is at present; the only place that derives it is ``_status``."""

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_PARTIAL = ".partial"


@dataclass(frozen=True)
class BundleFacts:
    """What is known of a bundle without loading it.

    Args:
        version: its name, which every prediction of it bears.
        folder: where it lies.
        origin: "starter" ships with the program, "trained" came out of a run here, "imported" came as a file,
            "environment" is named by ``ECG_BUNDLE_DIR``.
        parent: the bundle that its training started from, whether or not it is on this machine.
        recipe: name of its recipe.
        created_at: UTC, ISO 8601; None where it does not say.
        snapshot_sha256: of the list of pages that it learnt from.
        pages: how many pages it and its parents learnt from.
        erased_pages: how many of these were erased since, as far as is known.
        size_mb: of its weights.
        metrics: its own figures, ``{data set: {network: {metric: {"value", "low", "high"}}}}``, nested at will.
        status: what it is at present: "in use"; "being compared" by a run at work; "rejected" by a person; "earlier
            in use"; the "starter", never replaced yet or left out by ``ECG_BUNDLE_DIR``; a "candidate" that was
            compared with the bundle in use; or "not compared" with it.
        run_id: the newest run that made it here or compared it, if any.
        is_compared: whether it was compared with the bundle that is in use now.
        is_active: whether it answers.
        manifest_sha256: fingerprint of its ``bundle.json``; with ``folder`` the key under which to keep it loaded.
    """

    version: str
    folder: Path
    origin: Origin
    parent: str | None
    recipe: str
    created_at: str | None
    snapshot_sha256: str | None
    pages: int
    erased_pages: int
    size_mb: float
    metrics: Figures
    status: BundleStatus
    run_id: int | None
    is_compared: bool
    is_active: bool
    manifest_sha256: str


@dataclass(frozen=True)
class Active:
    """The bundle that answers.

    Args:
        folder: where it lies.
        manifest_sha256: of its ``bundle.json``; empty where that cannot be read, which loading it will tell.
        origin: as in ``BundleFacts``.
    """

    folder: Path
    manifest_sha256: str
    origin: Origin


def bundles_folder(data_folder: Path) -> Path:
    """Where the bundles of a data folder lie, by version."""
    return data_folder / BUNDLES


def check_version(version: str) -> str:
    """A version that may name a folder.

    Raises:
        StoreError: it has other characters than letters, digits, dot, dash and underscore, or more than 80.
    """
    if not _VERSION.fullmatch(version) or version.endswith(_PARTIAL):
        raise StoreError(
            f"{version!r} cannot name a model.", "Use up to 80 letters, digits, dots, dashes and underscores."
        )
    return version


def active(store: Store | None) -> Active:
    """Which bundle answers now; cheap enough to be asked at every rerun of a page.

    Args:
        store: None where there is no data folder yet: the starter answers.

    Raises:
        StoreError: the database cannot be read.
    """
    override = os.environ.get(OVERRIDE)
    if override:
        return _active(Path(override), "environment")
    version = None if store is None else active_version(store)
    if store is None or version is None:
        return _active(starter_folder(), "starter")
    return _active(bundles_folder(store.folder) / version, "trained")


def bundles(store: Store) -> list[BundleFacts]:
    """Every bundle that can be read, newest first, the starter last; a broken folder is left out.

    With ``ECG_BUNDLE_DIR`` set the bundle there comes first and is the active one.
    """
    found = [_facts(store, folder) for folder in bundle_folders(store)]
    known = [facts for facts in found if facts is not None]
    known.sort(key=lambda facts: (facts.origin == "environment", facts.origin != "starter", facts.created_at or ""))
    return known[::-1]


def bundle(store: Store, version: str) -> BundleFacts:
    """One bundle.

    Raises:
        StoreError: there is none of that version.
    """
    for facts in bundles(store):
        if facts.version == version:
            return facts
    raise StoreError(f"There is no model {version} here.", "See the list of models, or import it.")


def lineage_of(store: Store, version: str) -> list[BundleFacts]:
    """A bundle, its parent, that one's parent and so on, as far as they are on this machine."""
    known = {facts.version: facts for facts in bundles(store)}
    line: list[BundleFacts] = []
    name: str | None = version
    while name in known and known[name] not in line:
        line.append(known[name])
        name = known[name].parent
    return line


def trained_on_by(store: Store, facts: BundleFacts) -> TrainedOn:
    """Everything that a bundle and its parents were trained on, with groups under their names in files too."""
    return _trained_on(store, facts.folder, manifest_of(facts.folder)[1])


@lru_cache(maxsize=64)
def _trained_on(store: Store, folder: Path, _sha256: str) -> TrainedOn:
    return TrainedOn.of(manifest_of(folder)[0].seen, group_in_files(store))


def present_version(store: Store) -> str:
    """The version that is active in the store, whatever ``ECG_BUNDLE_DIR`` says."""
    return active_version(store) or manifest_of(starter_folder())[0].version


def bundle_folders(store: Store) -> list[tuple[Path, Origin]]:
    """Every folder that may be a bundle, whether or not it can be used."""
    override = os.environ.get(OVERRIDE)
    folders: list[tuple[Path, Origin]] = [(Path(override), "environment")] if override else []
    root = bundles_folder(store.folder)
    if root.is_dir():
        folders += [(path, "imported") for path in root.iterdir() if _VERSION.fullmatch(path.name) and path.is_dir()]
    return [*folders, (starter_folder(), "starter")]


def is_partial(folder: Path) -> bool:
    """Whether a training is writing the bundle, or was killed while it did."""
    return folder.name.endswith(_PARTIAL)


def _facts(store: Store, place: tuple[Path, Origin]) -> BundleFacts | None:
    folder, origin = place
    try:
        manifest, sha256 = manifest_of(folder)
    except BundleError:
        return None
    version = manifest.version
    if origin == "imported" and (is_partial(folder) or version != folder.name):
        return None
    runs = runs_of_bundle(store, version)
    if origin == "imported" and any(run.kind == "retrain" for run in runs):
        origin = "trained"
    is_overridden = bool(os.environ.get(OVERRIDE)) and origin != "environment"
    present = present_version(store)
    is_active = (origin == "environment" or version == present) and not is_overridden
    is_compared = comparison_of(store, version, present) is not None
    erased = manifest.erased_pages or 0
    return BundleFacts(
        version=version,
        folder=folder,
        origin=origin,
        parent=manifest.parent,
        recipe=manifest.recipe.name,
        created_at=manifest.created_at,
        snapshot_sha256=manifest.snapshot_hash,
        pages=len(manifest.seen) + erased,
        erased_pages=erased,
        size_mb=sum(weights.bytes for weights in manifest.weights.values()) / 1e6,
        metrics=manifest.metrics,
        status="in use"
        if is_active
        else _status(store, version, runs, is_starter=origin == "starter", is_compared=is_compared),
        run_id=runs[0].id if runs else None,
        is_compared=is_compared,
        is_active=is_active,
        manifest_sha256=sha256,
    )


def _status(
    store: Store, version: str, runs: Sequence[TrainingRun], *, is_starter: bool, is_compared: bool
) -> BundleStatus:
    """What a bundle that is not in use is at present; ``runs`` made or compared it, newest first."""
    decisions = activations(store)
    finished = next((run for run in runs if run.state in COMPARED), None)
    if any(run.is_unfinished for run in runs):
        return "being compared"
    if finished is not None and finished.state == "rejected" and not _was_rolled_back(finished, decisions):
        return "rejected"
    if any(version in (decision.version, decision.previous_version) for decision in decisions):
        return "earlier in use"
    if is_starter:
        return "starter"
    return "candidate" if is_compared else "not compared"


def _was_rolled_back(run: TrainingRun, decisions: Sequence[Activation]) -> bool:
    """Whether a run is called rejected for a roll back alone, as this program once noted it: nobody rejected it."""
    return any(
        decision.is_rollback
        and decision.previous_version == run.candidate_version
        and run.message == f"{decision.person}: {decision.reason}"
        for decision in decisions
    )


def _active(folder: Path, origin: Origin) -> Active:
    try:
        return Active(folder, manifest_of(folder)[1], origin)
    except BundleError:
        return Active(folder, "", origin)


def manifest_of(folder: Path) -> tuple[Manifest, str]:
    """What a bundle says of itself and the sha256 of that; read once while the file stays as it is.

    Raises:
        BundleError: it says nothing that can be used.
    """
    try:
        status = (folder / MANIFEST).stat()
    except OSError as error:
        raise BundleError(
            f"{folder / MANIFEST} cannot be read ({error.strerror}).", "Give a bundle's folder."
        ) from error
    found = _manifest_as_of(folder, status.st_mtime_ns, status.st_size)
    if isinstance(found, BundleError):
        raise BundleError(found.cause, found.next_step)
    return found


@lru_cache(maxsize=64)
def _manifest_as_of(folder: Path, _mtime_ns: int, _size: int) -> tuple[Manifest, str] | BundleError:
    try:
        manifest = read_manifest(folder)
        return manifest, hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except BundleError as error:
        return error
    except OSError as error:
        return BundleError(f"{folder / MANIFEST} cannot be read ({error.strerror}).", "Give a bundle's folder.")
