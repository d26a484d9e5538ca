"""What a run found out, as plain values for a page or a report; loads no network."""

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from annotations.runs.run_events import events
from annotations.store import Store
from ecgcore.output.csv_cells import from_cell
from trainer.progress import ProgressEvent
from trainer.runs.files import (
    COMPARISON,
    LATER_COLUMNS,
    LEFT_OUT,
    PREDICTION_COLUMNS,
    PREDICTIONS,
    SUMMARY,
    run_folder,
)
from trainer.runs.results import Comparison, RunSummary, damaged, read_comparison, read_summary

LEFT_OUT_COLUMNS = ("file", "reason")
_BINS = 10
"""Of the reliability plot."""


@dataclass(frozen=True)
class PageResult:
    """What networks that had not seen a page's group said of it.

    Args:
        image_id: the page's number in the store; None where it was erased since.
        file: its file in the data folder.
        label: "normal" or "abnormal", what a person said.
        group: patient.
        fold: from 0.
        p_global, p_local, p_abnormal: probabilities; None where there is no answer, since no beat was found.
        p_waveform: the same; None where no lead was read, or there was no waveform network.
        decision: "normal", "abnormal" or "refer".
    """

    image_id: int | None
    file: str
    label: str
    group: str
    fold: int
    p_global: float | None
    p_local: float | None
    p_abnormal: float | None
    decision: str
    p_waveform: float | None = None

    @property
    def distance(self) -> float:
        """How far the answer is from the label, 0 (sure and the same) to 1 (sure of the opposite)."""
        p = 0.5 if self.p_abnormal is None else self.p_abnormal
        return 1 - p if self.label == "abnormal" else p


@dataclass(frozen=True)
class Results:
    """A run's findings; parts that it did not reach are None or empty.

    Args:
        summary: the figures of the cross-validation.
        pages: out-of-fold answers, one a labelled page.
        comparison: candidate and bundle in use on the same pages.
        left_out: pages that could not be used, ``{file: reason}``.
    """

    summary: RunSummary | None
    pages: list[PageResult]
    comparison: Comparison | None
    left_out: dict[str, str]


def results(store: Store, run_id: int) -> Results:
    """Everything that a run has found out so far.

    Args:
        store: the data folder.
        run_id: the run.

    Raises:
        DataError: a file of it is damaged.
    """
    folder = run_folder(store.folder, run_id)
    left_out = {row["file"]: row["reason"] for row in _rows(folder / LEFT_OUT, LEFT_OUT_COLUMNS)}
    summary, comparison = read_summary(folder / SUMMARY), read_comparison(folder / COMPARISON)
    return Results(summary, out_of_fold(store, run_id), comparison, left_out)


def out_of_fold(store: Store, run_id: int) -> list[PageResult]:
    """What networks that had not seen a page's patient said of it; the farthest from its label first.

    The first rows are pages to look at again: the label, the picture or the networks are wrong.

    Args:
        store: the data folder.
        run_id: the run.

    Raises:
        DataError: the file of the answers is damaged.
    """
    path = run_folder(store.folder, run_id) / PREDICTIONS
    try:
        return _answers(store, _rows(path, PREDICTION_COLUMNS, LATER_COLUMNS))
    except ValueError as error:  # no number where one belongs
        raise damaged(path) from error


def _answers(store: Store, rows: Sequence[Mapping[str, str]]) -> list[PageResult]:
    ids = {row["file"]: row["id"] for row in store.rows("SELECT id, file FROM image")}
    pages = [
        PageResult(
            image_id=ids.get(row["file"]),
            file=row["file"],
            label=row["label"],
            group=row["group"],
            fold=int(row["fold"]),
            p_global=_number(row["p_global"]),
            p_local=_number(row["p_local"]),
            p_abnormal=_number(row["p_abnormal"]),
            decision=row["decision"],
            p_waveform=_number(row["p_waveform"]),
        )
        for row in rows
    ]
    return sorted(pages, key=lambda page: -page.distance)


def curves(store: Store, run_id: int) -> list[ProgressEvent]:
    """The ends of all epochs so far, oldest first: the points of the loss curves."""
    return _told(store, run_id, "epoch")


def ends(store: Store, run_id: int) -> list[ProgressEvent]:
    """The ends of all stages and folds so far, oldest first; a fold's has the stage "fold"."""
    return _told(store, run_id, "stage", "fold")


def _told(store: Store, run_id: int, *kinds: str) -> list[ProgressEvent]:
    found = [row.event for row in events(store, run_id)]
    return [ProgressEvent.from_json(event) for event in found if event.get("kind") in kinds]


def reliability(pages: Sequence[PageResult]) -> list[dict[str, float]]:
    """For a reliability plot: ten bins of as many pages each, "p_mean", "abnormal_share" and "pages"."""
    answered = sorted((page.p_abnormal, page.label == "abnormal") for page in pages if page.p_abnormal is not None)
    size = math.ceil(len(answered) / _BINS) if answered else 1
    parts = [answered[start : start + size] for start in range(0, len(answered), size)]
    return [
        {
            "p_mean": sum(p for p, _ in part) / len(part),
            "abnormal_share": sum(is_abnormal for _, is_abnormal in part) / len(part),
            "pages": float(len(part)),
        }
        for part in parts
    ]


def _rows(path: Path, columns: Collection[str], later: Collection[str] = ()) -> list[dict[str, str]]:
    """A table's rows, each with all these columns, and later ones empty where it lacks them; none without a file."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        raise damaged(path) from error
    if any(row.get(column) is None for row in rows for column in columns):
        raise damaged(path)
    return [{column: from_cell(row.get(column) or "") for column in (*columns, *later)} for row in rows]


def _number(text: str) -> float | None:
    value = float(text) if text else None
    if value is not None and not math.isfinite(value):
        raise ValueError(text)
    return value
