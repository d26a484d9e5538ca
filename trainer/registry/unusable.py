"""Bundles that lie in the data folder and cannot be used: which, why, and how to be rid of them."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from annotations.model import StoreError
from annotations.runs.training_runs import unfinished_run
from annotations.store import Store
from ecgcore.errors import BundleError
from trainer.registry.catalogue import bundle_folders, bundles_folder, is_partial, manifest_of, present_version


@dataclass(frozen=True, slots=True)
class UnusableBundle:
    """A folder among the bundles that is none.

    Args:
        name: of the folder.
        reason: what is wrong with it.
        is_active: whether it was made the one in use.
    """

    name: str
    reason: str
    is_active: bool


def unusable_bundles(store: Store) -> list[UnusableBundle]:
    """Every bundle of the data folder that cannot be read, by name; those that a training is writing are left out."""
    present = present_version(store)
    found = []
    for folder, origin in bundle_folders(store):
        if origin == "imported" and not is_partial(folder):
            reason = _wrong(folder)
            if reason:
                found.append(UnusableBundle(folder.name, reason, folder.name == present))
    return sorted(found, key=lambda bundle: bundle.name)


def delete_unusable(store: Store, name: str) -> None:
    """Delete a bundle that cannot be used; it is gone whole or stays.

    Args:
        store: the data folder.
        name: of its folder.

    Raises:
        StoreError: there is none of that name, it is in use, a training is at work with it, or it cannot be deleted.
    """
    bad = next((bundle for bundle in unusable_bundles(store) if bundle.name == name), None)
    if bad is None:
        raise StoreError(f"There is no damaged model {name}.", "Open the page again.")
    at_work = unfinished_run(store)
    if bad.is_active or (at_work is not None and name in (at_work.parent_version, at_work.candidate_version)):
        raise StoreError(f"{name} is in use.", "Roll back to another model, or stop the training, first.")
    root = bundles_folder(store.folder)
    try:
        with tempfile.TemporaryDirectory(dir=root, prefix=".deleted-") as gone:
            (root / name).rename(Path(gone) / name)
            shutil.rmtree(Path(gone) / name)
    except OSError as error:
        raise StoreError(f"{name} cannot be deleted: {error.strerror}.", "Check the folder's permissions.") from error


def _wrong(folder: Path) -> str:
    """Why a folder is no bundle, without the way to it; empty where it is one."""
    try:
        manifest, _ = manifest_of(folder)
    except BundleError as error:
        return error.cause.replace(f"{folder}/", "")
    if manifest.version != folder.name:
        return "bundle.json names another model than its folder."
    return ""
