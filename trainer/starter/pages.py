"""The starter's data: every public set divided by group, its pages drawn or cut once and kept."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import DataError
from trainer.data.folds import assign_folds, split_holdout
from trainer.data.page import PageItem, PreparedPage
from trainer.data.page_file import load_pages, save_pages
from trainer.data.prepare import preparation_version, prepare_pages, signal_version
from trainer.starter.public_datasets import Record, load_khan, load_ludb, load_ptbxl, screening_label
from trainer.starter.synthetic_pages import boxed_pages, drawing_version, labelled_pages

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
    """Boxed pages, so many styles of each record for training, early stopping and measuring.

    Args:
        folder: of the data set.
        pages_dir: where drawn pages are kept.
        styles: pages of each record that train, stop and are measured.
    """
    parts = split_records(load_ludb(folder))
    jobs = zip(DRAWING_SEEDS.items(), styles, parts, strict=True)
    return Split(
        *(
            cached_pages(
                pages_dir / f"ludb-{name}-{n}-{_named(r.source_record for r in part)}.pages",
                partial(boxed_pages, part, n, seed, varied=name == "train"),
                drawing_version(),
            )
            for (name, seed), n, part in jobs
        )
    )


@dataclass(frozen=True)
class RecordSplit:
    """The labelled records of one data set in three parts that share no group.

    Args:
        train, inner, test: what trains, what stops the training, what is only measured.
        signals: what trains, and what has statements but no label.
    """

    train: list[Record]
    inner: list[Record]
    test: list[Record]
    signals: list[Record]

    def unseen(self, start: Bundle | None) -> list[Record]:
        """Those that train and that a bundle has not seen: pages which its networks know would teach to believe them.

        All that train where it has seen every one.
        """
        unseen = [r for r in self.train if start and not start.was_trained_on("", r.group, r.source_record)]
        return unseen or self.train


CHOOSING_FOLD, REPORTING_FOLD = 8, 9
"""Of PTB-XL's own ten, which keep patients together: what stops the training, and what is only measured."""


def ptbxl_records(folder: Path, start: Bundle | None = None) -> RecordSplit:
    """PTB-XL's labelled records by its own folds; where no record has a fold, by group as the other sets.

    What trains is labelled by superclass and rhythm (``screening_label``), what is measured as published.

    Args:
        folder: of the data set.
        start: a bundle that training goes on from; what it has seen, by another split, is not measured.
    """
    published = load_ptbxl(folder)
    records = [replace(record, label=screening_label(record)) for record in published]
    labelled = [record for record in records if record.label is not None]
    inner = [record for record in labelled if record.fold == CHOOSING_FOLD]
    test = [record for record in published if record.label is not None and record.fold == REPORTING_FOLD]
    if not inner or not test:
        train, inner, test = split_records(labelled)
        return RecordSplit(train, inner, test, train)
    aside = {record.group for record in records if record.fold in (CHOOSING_FOLD, REPORTING_FOLD)}
    if start is not None:
        test = [record for record in test if not start.was_trained_on("", record.group, record.source_record)]
    kept = [record for record in records if record.group not in aside]
    train = [record for record in kept if record.label is not None]
    return RecordSplit(train, inner, test, [record for record in kept if record.label is not None or record.statements])


def ptbxl_pages(records: RecordSplit, pages_dir: Path, drawn_train: Sequence[Record] | None = None) -> Split:
    """A labelled page of each record, in a style of its own.

    Args:
        records: see ``ptbxl_records``.
        pages_dir: where drawn pages are kept, some hundred in a file, so that drawing may be stopped and gone on with.
        drawn_train: the only records of those that train of which a page is drawn.
    """
    return Split(
        _drawn(records.train if drawn_train is None else drawn_train, "train", pages_dir),
        _drawn(records.inner, "inner", pages_dir),
        _drawn(records.test, "test", pages_dir),
    )


_RECORDS_A_FILE = 200


def _drawn(records: Sequence[Record], part: str, pages_dir: Path) -> list[PreparedPage]:
    pages: list[PreparedPage] = []
    for start in range(0, len(records), _RECORDS_A_FILE):
        some = records[start : start + _RECORDS_A_FILE]
        named = _named(f"{record.source_record} {record.label}" for record in some)
        path = pages_dir / f"ptbxl-{part}-0-{named}.pages"
        pages += cached_pages(path, partial(labelled_pages, some, [0], DRAWING_SEEDS[part]), drawing_version())
    return pages


def khan_pages(folder: Path, pages_dir: Path, cache_dir: Path, fold: int = 0) -> Split:
    """Real pages, divided by the machine's patient ID; ``fold`` of ``FOLDS`` is the part that is only measured.

    Args:
        folder: of the data set.
        pages_dir: where the divided pages are kept.
        cache_dir: where prepared panels are kept.
        fold: see above.

    Raises:
        DataError: there is no such fold.
    """
    if not 0 <= fold < FOLDS:
        raise DataError(f"There is no fold {fold}.", f"Choose one of 0 to {FOLDS - 1}.")
    parts = split_items(khan_items(folder))
    first = Split(
        *(
            cached_pages(
                pages_dir / f"khan-{name}-{_named(item.key for item in part)}.pages",
                partial(_prepared, part, cache_dir),
            )
            for name, part in zip(("train", "inner", "test"), parts, strict=True)
        )
    )
    return first if fold == 0 else _other_fold(first, fold)


def _prepared(items: Sequence[PageItem], cache_dir: Path) -> list[PreparedPage]:
    return prepare_pages(items, cache_dir).pages


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


def _named(parts: Iterable[str]) -> str:
    """A short name for what goes into a file."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]


def cached_pages(path: Path, make: Callable[[], Iterable[PreparedPage]], drawn_by: str = "") -> list[PreparedPage]:
    """Pages that were made before, by the same code; else they are made, and kept.

    Args:
        path: the file, but for the versions of the code in its name.
        make: makes them.
        drawn_by: the version of what draws them; empty for pictures that lie on disk.
    """
    versions = (preparation_version(), signal_version(), drawn_by)
    path = path.with_stem("-".join([path.stem, *filter(None, versions)]))
    if not path.exists():
        save_pages(path, make())
    return load_pages(path)
