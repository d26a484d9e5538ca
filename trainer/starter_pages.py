"""The starter's data: every public set divided by group, its pages drawn or cut once and kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from ecgcore.errors import BadData
from trainer.data import PreparedPage, prepare_pages
from trainer.folds import assign_folds, split_holdout
from trainer.pagefile import load_pages, save_pages
from trainer.rendered import boxed_pages, labelled_pages
from trainer.sources import Record, load_khan, load_ludb, load_ptbxl
from trainer.table import PageItem

HOLDOUT_SHARE, INNER_SHARE, FOLDS = 0.2, 0.12, 5
SPLIT_SEED = 2026
"""Fixed, so that every starter, whatever its training seed, leaves the same groups aside."""
DRAWING_SEEDS = {"train": 1, "inner": 2, "test": 3}
"""Fixed too: starters of other seeds and folds may share their pages."""

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Split:
    """One data set in three parts that share no group."""

    train: list[PreparedPage]
    inner: list[PreparedPage]
    test: list[PreparedPage]


def ludb_pages(folder: Path, pages_dir: Path, styles: tuple[int, int, int]) -> Split:
    """Boxed pages, so many styles of each record for training, early stopping and measuring."""
    parts = split_records(load_ludb(folder))
    jobs = zip(DRAWING_SEEDS.items(), styles, parts, strict=True)
    return Split(
        *(
            _kept(
                pages_dir / f"ludb-{name}.pages",
                lambda name=name, part=part, n=n, seed=seed: boxed_pages(part, n, seed, varied=name == "train"),
            )
            for (name, seed), n, part in jobs
        )
    )


def ptbxl_pages(folder: Path, pages_dir: Path) -> Split:
    """Labelled pages: two styles of each record that trains, one of the others."""
    parts = split_records([record for record in load_ptbxl(folder) if record.label is not None])
    jobs = zip(DRAWING_SEEDS.items(), (2, 1, 1), parts, strict=True)
    return Split(
        *(
            _kept(
                pages_dir / f"ptbxl-{name}.pages",
                lambda part=part, n=n, seed=seed: labelled_pages(part, n, seed),
            )
            for (name, seed), n, part in jobs
        )
    )


def khan_pages(folder: Path, pages_dir: Path, cache_dir: Path, fold: int = 0) -> Split:
    """Real pages, divided by the machine's patient ID; ``fold`` of ``FOLDS`` is the part that is only measured.

    Raises:
        BadData: there is no such fold.
    """
    if not 0 <= fold < FOLDS:
        raise BadData(f"There is no fold {fold}.", f"Choose one of 0 to {FOLDS - 1}.")
    parts = split_items(khan_items(folder))
    first = Split(
        *(
            _kept(pages_dir / f"khan-{name}.pages", lambda part=part: prepare_pages(part, cache_dir).pages)
            for name, part in zip(("train", "inner", "test"), parts, strict=True)
        )
    )
    return first if fold == 0 else _other_fold(first, fold)


def _other_fold(first: Split, fold: int) -> Split:
    """The groups that fold 0 learns from are dealt to the other folds; what one of them leaves is divided anew."""
    learnt = [*first.train, *first.inner]
    fold_of = 1 + assign_folds([p.label for p in learnt], [p.group_key for p in learnt], FOLDS - 1, SPLIT_SEED)
    test = [page for page, of in zip(learnt, fold_of, strict=True) if of == fold]
    rest = [page for page, of in zip(learnt, fold_of, strict=True) if of != fold] + first.test
    aside = split_holdout([p.label for p in rest], [p.group_key for p in rest], INNER_SHARE, SPLIT_SEED + fold)
    return Split(
        [page for page, is_aside in zip(rest, aside, strict=True) if not is_aside],
        [page for page, is_aside in zip(rest, aside, strict=True) if is_aside],
        test,
    )


def khan_items(folder: Path) -> list[PageItem]:
    """The Khan pages as items to prepare; a key is diagnosis and file name."""
    return [
        PageItem(f"{p.diagnosis}/{p.path.name}", p.path, p.label, p.group, source="khan", source_record=p.group)
        for p in load_khan(folder)
    ]


def split_items(items: list[PageItem]) -> tuple[list[PageItem], list[PageItem], list[PageItem]]:
    """Items that starters train on, that they stop and calibrate by, and that they leave aside; groups stay whole."""
    return _split([item.label for item in items], [item.group for item in items], items)


def split_records(records: list[Record]) -> tuple[list[Record], list[Record], list[Record]]:
    """As :func:`split_items`, for records."""
    return _split([r.label for r in records], [r.group for r in records], records)


def _split(labels: list[int | None], groups: list[str], rows: list[_Row]) -> tuple[list[_Row], list[_Row], list[_Row]]:
    held = split_holdout(labels, groups, HOLDOUT_SHARE, SPLIT_SEED)
    kept = np.flatnonzero(~held)
    aside = split_holdout([labels[i] for i in kept], [groups[i] for i in kept], INNER_SHARE, SPLIT_SEED)
    return (
        [rows[i] for i in kept[~aside]],
        [rows[i] for i in kept[aside]],
        [rows[i] for i in np.flatnonzero(held)],
    )


def _kept(path: Path, make: Callable[[], Iterable[PreparedPage]]) -> list[PreparedPage]:
    if not path.exists():
        save_pages(path, make())
    return load_pages(path)
