"""What a worker of the cluster does: a few files of the archive become JSON lines."""

import functools
import json
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgcore.archive.sources import content_of
from ecgcore.errors import BundleError, UnreadablePictureError
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.paper import PaperSettings
from ecgcore.types import Prediction

Batch = dict[str, npt.NDArray[Any]]
"""Columns of rows. To a worker: ``part``, ``place`` in it and ``file``; from it ``part``, ``place`` and ``text``."""
MOST_TRIES = 3
"""As often is a file begun whose process ends before it does: twice may be chance, or another program's memory."""


@dataclass(frozen=True)
class ArchiveSettings:
    """How an archive's files are screened.

    Args:
        bundle: folder of the bundle, the same on every machine; None for the starter.
        fingerprint: of that bundle as this machine has it.
        folder: what paths start from.
        min_score: as in ``ecgcore.pipeline.screen``, as are the others.
        paper: of the page.
        choice: which pages of each file.
    """

    bundle: Path | None
    fingerprint: str
    folder: Path
    min_score: float | None = None
    paper: PaperSettings | None = None
    choice: PageChoice | None = None


class Tally:
    """How often each file was begun and did not end: what tells a file that ends its process. One for all workers."""

    def __init__(self) -> None:
        self._begun = Counter[str]()

    def begin(self, file: str) -> int:
        """Count a beginning; returns how many there were without an end, this one among them."""
        self._begun[file] += 1
        return self._begun[file]

    def end(self, file: str) -> None:
        """The file is done, and its process lives."""
        del self._begun[file]


def screened(batch: Batch, settings: ArchiveSettings, tally: Any) -> Iterator[Batch]:
    """Screen files one after the other, and hand on the JSON lines of each.

    Args:
        batch: rows of files.
        settings: how.
        tally: handle of the ``Tally``.

    Raises:
        BundleError: this machine has not the bundle that is asked for.
    """
    import ray  # only on the cluster, whose processes have it already

    screener = _screener(settings)
    for part, place, file in zip(batch["part"], batch["place"], map(str, batch["file"]), strict=True):
        tries = ray.get(tally.begin.remote(file))
        predictions = [_poison(file)] if tries > MOST_TRIES else _predictions(file, screener.screen, settings.folder)
        lines = (json.dumps(replace(p, bundle=screener.version).to_json()) + "\n" for p in predictions)
        yield {"part": np.array([part]), "place": np.array([place]), "text": np.array(["".join(lines)])}
        tally.end.remote(file)


@dataclass(frozen=True)
class _Screener:
    """The bundle's version, and ``ecgcore.pipeline.screen_pages`` with all but the source and its ``file``."""

    version: str
    screen: Callable[..., Iterable[tuple[Prediction, object]]]


@functools.cache
def _screener(settings: ArchiveSettings) -> _Screener:
    """What screens, once in each process, computing in one thread: a worker has one processor."""
    import cv2  # only here, where screening is done: this takes seconds
    import torch

    from ecgcore.bundle.folder import load_bundle, starter_folder
    from ecgcore.pipeline import screen_pages

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    bundle = load_bundle(settings.bundle or starter_folder(), "cpu")
    if bundle.manifest.fingerprint != settings.fingerprint:
        cause = f"{bundle.folder} on {platform.node()} is another bundle than here."
        raise BundleError(cause, "Install the same version and bundle everywhere.")
    how = {"min_score": settings.min_score, "paper": settings.paper, "choice": settings.choice}
    return _Screener(bundle.version, functools.partial(screen_pages, bundle=bundle, **how))  # type: ignore[arg-type]


def _predictions(
    file: str, screen: Callable[..., Iterable[tuple[Prediction, object]]], folder: Path
) -> list[Prediction]:
    try:
        return [prediction for prediction, _ in screen(content_of(file, folder), file=file)]
    except UnreadablePictureError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  one file of a million must not end the run
        reason = f"{file} made the program fail ({type(error).__name__}: {error}). Report it with the file."
    return [Prediction(file=file, page=1, status="error", reason=reason)]


def _poison(file: str) -> Prediction:
    """What is said of a file that ended its process as often as it was begun."""
    cause = f"{file} ended the process that screened it, {MOST_TRIES} times."
    reason = f"{cause} Screen it alone, on a machine with more memory."
    return Prediction(file=file, page=1, status="error", reason=reason)
