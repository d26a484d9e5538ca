"""Many results: which of them a reader should see first, and the files that carry them out of the app."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from ecgcore.output.csv_cells import to_cell
from ecgcore.rhythm.measures import rhythm_measures
from ecgcore.types import Prediction
from pages.parts.screen.screened import ScreenedPage

_CSV_COLUMNS = (
    "file",
    "page",
    "status",
    "reason",
    "faults",
    "p_abnormal",
    "decision",
    "beats",
    "px_per_mm",
    "heart_rate_bpm",
    "rr_cv",
    "lowest_bpm",
    "highest_bpm",
    "sdnn_ms",
    "rmssd_ms",
    "rhythm",
    "paper_speed_mm_s",
    "gain_mm_mv",
    "bundle",
    "seconds",
)


ORDER = "Most urgent first: abnormal and refer by probability, then pages without a result, then normal."


def urgency(item: ScreenedPage) -> tuple[int, float]:
    """Sorting key.

    A page that is probably abnormal comes first whichever word it has: a refer at 0.75 before an abnormal at 0.70, and
    an abnormal at 0.93 before a refer at 0.13. What has no probability must be read too, so it stands before normal.
    """
    prediction = item.prediction
    if prediction.status != "ok" or prediction.p_abnormal is None:
        return (1, 0.0)
    return (2 if prediction.decision == "normal" else 0, -prediction.p_abnormal)


def download_all(items: Callable[[], Sequence[ScreenedPage]]) -> None:
    """Two buttons that hand out the results as they are when one is pressed."""
    for words, to_text, name, kind in (
        ("Save all (CSV)", results_csv, "ecg results.csv", "text/csv"),
        ("Save all (JSON Lines)", results_jsonl, "ecg results.jsonl", "application/x-ndjson"),
    ):
        st.download_button(
            words, partial(_text, to_text, items), name, kind, on_click="ignore", icon=":material/download:",
            width="stretch",
        )  # fmt: skip


def _text(to_text: Callable[[Sequence[ScreenedPage]], str], items: Callable[[], Sequence[ScreenedPage]]) -> str:
    return to_text(items())


def results_csv(items: Sequence[ScreenedPage]) -> str:
    """One line a page: the fields of the result file and what else was measured, beats and seconds as numbers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for item in sorted(items, key=urgency):
        prediction = item.prediction
        numbers = {"beats": len(prediction.beats), "seconds": prediction.seconds.get("total")}
        words = {"faults": " ".join(prediction.faults)}
        cells = {**prediction.to_json(), **numbers, **words, **_measured(prediction)}
        writer.writerow({name: to_cell(cell) if isinstance(cell, str) else cell for name, cell in cells.items()})
    return text.getvalue()


def _measured(prediction: Prediction) -> dict[str, str | float | None]:
    """What the paper says of the rhythm; nothing where there are no millimetres or too few beats."""
    found = None if prediction.px_per_mm is None else rhythm_measures(prediction.rhythm, prediction.paper)
    if found is None:
        return {}
    return {
        "lowest_bpm": round(found.lowest_bpm, 1),
        "highest_bpm": round(found.highest_bpm, 1),
        "sdnn_ms": round(found.sdnn_ms),
        "rmssd_ms": None if found.rmssd_ms is None else round(found.rmssd_ms),
        "rhythm": found.regularity,
        "paper_speed_mm_s": prediction.paper.speed_mm_s,
        "gain_mm_mv": prediction.paper.gain_mm_mv,
    }


def results_jsonl(items: Sequence[ScreenedPage]) -> str:
    """One JSON object a page and line, as ``python -m ecgcore screen --json`` writes them."""
    return "".join(json.dumps(item.prediction.to_json()) + "\n" for item in sorted(items, key=urgency))
