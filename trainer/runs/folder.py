"""The folder of one training run: what went in, what came out, and enough in between to go on after a crash.

inputs.csv        the frozen list of pages          config.json   recipe, seed, start: must match to resume
left_out.csv      pages that could not be used      fold-0 ...    stages' checkpoints, then the fold's results
predictions.csv   one row a page                    summary.json  figures per fold and pooled
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from annotations.erasure.derived_files import PREPARED
from ecgcore.bundle.manifest import check_files
from ecgcore.errors import BundleError, DataError
from ecgcore.output.csv_cells import from_cell, to_cell
from trainer.atomic_files import write_json_atomic, write_text_atomic
from trainer.data.page import NAMES, PageItem, PreparedPage
from trainer.runs.files import (
    DRY_RUN,
    ENVIRONMENT,
    FOLD,
    LATER_COLUMNS,
    LEFT_OUT,
    LOCK,
    LOG,
    OPENING,
    PREDICTION_COLUMNS,
    PREDICTIONS,
    PROGRESS,
    opening,
    read_json,
)  # fmt: skip
from trainer.runs.results import FoldFacts, damaged, read_fold

PAGES = "pages"
CONFIG = "config.json"
_BEFORE_THE_START = {LOCK, OPENING, LOG, PROGRESS, ENVIRONMENT, LEFT_OUT, PAGES, PREPARED, DRY_RUN}
INPUT_COLUMNS = ("file", "label", "group", "picture_hash", "source_record", "boxes", "beat_labels")


@dataclass(frozen=True)
class PagePrediction:
    """What a network that had not seen a page said of it: one row of ``predictions.csv``; NaN is written empty."""

    file: str
    label: int
    group: str
    fold: int
    p_global: float
    p_local: float
    p_abnormal: float
    decision: str
    p_waveform: float = math.nan


@dataclass(frozen=True)
class RunFolder:
    """An opened run; ``inputs_sha256`` names its frozen list of pages."""

    path: Path
    inputs_sha256: str

    def fold(self, number: int) -> Path:
        """Folder of one fold."""
        return self.path / f"fold-{number}"

    def facts(self, number: int) -> FoldFacts:
        """The course of a finished fold.

        Raises:
            DataError: its file is missing or damaged.
        """
        path = self.fold(number) / FOLD
        facts = read_fold(path)
        if facts is None:
            raise damaged(path)
        return facts

    def finished(self, number: int) -> bool:
        """Whether a fold's results are complete, its facts written last, and can still be read."""
        folder = self.fold(number)
        facts = read_fold(folder / FOLD)
        try:
            answers = read_predictions(folder / PREDICTIONS)
            check_files(folder / "bundle")
        except (OSError, ValueError, KeyError, TypeError, BundleError):
            return False
        is_whole = facts is not None and facts.answers == len(answers)
        return is_whole and read_json(folder / "detections.json") is not None


def open_run(path: Path, config: Mapping[str, JsonValue], inputs: str, *, resume: bool) -> RunFolder:
    """Start a run in a new or empty folder, or go on in one that holds the same run.

    Args:
        path: the run's folder.
        config: everything that shapes the results, JSON-able.
        inputs: the frozen list of pages, as ``inputs_table`` gives it.
        resume: go on with what is there.

    Raises:
        DataError: the folder holds something else, or another run.
    """
    digest = hashlib.sha256(inputs.encode("utf-8")).hexdigest()
    frozen: dict[str, JsonValue] = {**json.loads(json.dumps(config)), "inputs_sha256": digest}
    if path.exists() and not path.is_dir():
        raise _holds_something_else(path)
    with opening(path):
        if resume and (path / CONFIG).exists():
            _check_same_run(path, frozen)
        elif any(not _is_before_the_start(entry.name) for entry in path.iterdir()):
            raise _holds_something_else(path)
        write_json_atomic(path / CONFIG, frozen)  # first: from then on the folder is this run's, whatever breaks off
        write_text_atomic(path / "inputs.csv", inputs)
    return RunFolder(path, digest)


def _check_same_run(path: Path, frozen: Mapping[str, JsonValue]) -> None:
    before = read_json(path / CONFIG)
    if not isinstance(before, dict):
        raise DataError(f"{path / CONFIG} is damaged.", "Start the run again in another folder.")
    recipe, known = frozen.get("recipe"), before.get("recipe")
    if isinstance(recipe, dict) and isinstance(known, dict):
        frozen = {**frozen, "recipe": _as_earlier_versions_wrote_it(recipe, known)}
    changed = sorted(key for key in before.keys() | frozen.keys() if before.get(key) != frozen.get(key))
    if changed:
        raise DataError(
            f"{path} holds a run with another {', '.join(changed)}.",
            "Resume with the same data and options, or choose another folder.",
        )


def _as_earlier_versions_wrote_it(
    recipe: Mapping[str, JsonValue], before: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """A recipe without what an earlier version, or the published method, does not know."""
    known = {name: of for name, of in recipe.items() if name != "waveform" or name in before}
    head, head_before = known.get("fusion"), before.get("fusion", {})
    if isinstance(head, dict) and isinstance(head_before, dict) and "measures" not in head_before:
        known["fusion"] = {name: of for name, of in head.items() if name != "measures"}
    return known


def _is_before_the_start(name: str) -> bool:
    """Whether a file may lie in the folder before its run begins; half a written config of one that was killed may."""
    return name in _BEFORE_THE_START or name.startswith(f".{CONFIG}.")


def _holds_something_else(path: Path) -> DataError:
    return DataError(f"{path} is not an empty folder.", "Choose another folder, or add --resume to go on with its run.")


def inputs_table(items: Sequence[PageItem], pages: Sequence[PreparedPage]) -> str:
    """The frozen list of the pages that train, as CSV text with ``INPUT_COLUMNS``; boxes in upright pixels.

    ``beat_labels`` lists the beats with a label of their own, each as its box and 0 or 1.
    """
    item_of = {item.key: item for item in items}
    rows = []
    for page in pages:
        boxes, labelled = item_of[page.key].boxes_photo_xyxy, item_of[page.key].beat_labels_photo
        text = "" if boxes is None else json.dumps(boxes.tolist())
        own = "" if labelled is None else json.dumps(np.column_stack([labelled.boxes_xyxy, labelled.labels]).tolist())
        label = "" if page.label is None else NAMES[page.label]
        rows.append((page.key, label, page.group, page.picture_hash, page.source_record, text, own))
    return _csv_text(INPUT_COLUMNS, rows)


def trained_on_rows(pages: Sequence[PreparedPage]) -> list[tuple[str, str, str]]:
    """What a bundle remembers of the pages that it was trained on (``ecgcore.bundle.folder.TrainedOnRow``)."""
    return [(page.picture_hash, page.group, page.source_record) for page in pages]


def write_left_out(path: Path, left_out: Mapping[str, str]) -> None:
    """List the pages that could not be used, each with its reason."""
    write_text_atomic(path, _csv_text(("file", "reason"), list(left_out.items())))


def write_predictions(path: Path, answers: Sequence[PagePrediction]) -> None:
    """Write ``predictions.csv`` (contract 1)."""
    rows = []
    for a in answers:
        p_global, p_local, p_abnormal, p_waveform = map(_number, (a.p_global, a.p_local, a.p_abnormal, a.p_waveform))
        known = a.file, NAMES[a.label], a.group, a.fold
        rows.append((*known, p_global, p_local, p_abnormal, a.decision, p_waveform))
    write_text_atomic(path, _csv_text((*PREDICTION_COLUMNS, *LATER_COLUMNS), rows))


def read_predictions(path: Path) -> list[PagePrediction]:
    """Read ``predictions.csv`` back."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            PagePrediction(
                file=from_cell(row["file"]),
                label=int(row["label"] == "abnormal"),
                group=from_cell(row["group"]),
                fold=int(row["fold"]),
                p_global=_value(row["p_global"]),
                p_local=_value(row["p_local"]),
                p_abnormal=_value(row["p_abnormal"]),
                decision=row["decision"],
                p_waveform=_value(row.get("p_waveform")),  # runs before did not write it
            )
            for row in csv.DictReader(stream)
        ]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"


def _value(cell: str | None) -> float:
    return float(cell) if cell else math.nan


def _csv_text(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([to_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return stream.getvalue()
