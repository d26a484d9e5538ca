"""What a starter bundle is made of, and from where."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgcore.bundle.folder import Bundle


@dataclass(frozen=True, kw_only=True)
class DataFolders:
    """The public data sets; see ``StarterOptions`` for which of them may be missing."""

    ludb: Path | None
    ptbxl: Path | None
    khan: Path | None


@dataclass(frozen=True, kw_only=True)
class StarterOptions:
    """What distinguishes one starter from another.

    Args:
        rendered_only: learn from rendered signals alone, so that the Khan pages are not needed.
        start: an earlier starter, whose networks are trained further.
        detector_from: a bundle whose beat detector is used as it is, so that LUDB is not needed.
        keeps_trunks: with ``start``, whether its beat and page networks stay as they are too, so that signal and
            measurements alone are new: minutes instead of hours.
        fold: which fifth of the real pages is only measured; starters of different folds may share a cache.
        decide_by: folders of starters of other folds: their answers to the pages that they were not trained on, about
            eight hundred instead of a hundred, fit this one's probabilities and thresholds.
        version: the bundle's name; what it learnt from, the seed and the fold by default.
    """

    rendered_only: bool = False
    start: Bundle | None = None
    detector_from: Bundle | None = None
    keeps_trunks: bool = False
    fold: int = 0
    decide_by: Sequence[Path] = ()
    version: str | None = None
