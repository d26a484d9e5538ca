"""Files of the data folder that are cut from pictures and can be made again; they go when a patient is erased."""

import shutil
from pathlib import Path

CACHE = "cache"
PREPARED = "prepared.pages"
"""In the folder of a run that is not over: the panels that it learns from."""


def forget_derived(data_folder: Path) -> None:
    """Delete all of them; a training that is at work with a page of theirs stops (``annotations.erasure.mentions``)."""
    shutil.rmtree(data_folder / CACHE, ignore_errors=True)
    for path in data_folder.glob(f"runs/*/{PREPARED}"):
        path.unlink(missing_ok=True)
