"""Many results -> a table with the pages that need a reader first, and the files that carry it out of the app."""

import csv
import io
import json
from collections.abc import Sequence

import streamlit as st

from ecgcore.rhythm_measures import rhythm_measures
from ecgcore.types import Prediction
from pages.parts.figure import data_uri
from pages.parts.results import Screened
from pages.parts.style import DECISION_SHAPE

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


def urgency(item: Screened) -> tuple[int, float]:
    """Sorting key: refers first, then by falling p_abnormal, what could not be screened last."""
    prediction = item.prediction
    if prediction.status != "ok":
        return (2, 0.0)
    return (0 if prediction.decision == "refer" else 1, -(prediction.p_abnormal or 0.0))


def choose_from_table(items: Sequence[Screened]) -> Screened:
    """Show the batch, most urgent first, and return the page that was clicked on (the first until then)."""
    ordered = sorted(items, key=urgency)
    counts = [sum(item.verdict == verdict for item in items) for verdict in ("refer", "abnormal", "normal")]
    st.markdown(
        f"**{len(items)} pages:** ◆ {counts[0]} refer · ▲ {counts[1]} abnormal · ● {counts[2]} normal · "
        f"✕ {len(items) - sum(counts)} not screened. Click a row to open it."
    )
    event = st.dataframe(
        [_row(item) for item in ordered],
        hide_index=True,
        row_height=64,
        height=min(40 + 64 * len(ordered), 40 + 64 * 5),
        on_select="rerun",
        selection_mode="single-row-required",
        key=f"batch-{len(items)}",
        column_config={
            "Page": st.column_config.ImageColumn(width=110),
            "Result": st.column_config.TextColumn(width=110),
            "p(abnormal)": st.column_config.NumberColumn(
                format="%.2f", width=90, help="Calibrated probability that the page is abnormal."
            ),
            "Rate": st.column_config.NumberColumn(format="%d bpm", width=80),
            "Beats": st.column_config.NumberColumn(width=60),
        },
    )
    return ordered[event.selection.rows[0] if event.selection.rows else 0]


def _row(item: Screened) -> dict[str, object]:
    prediction = item.prediction
    return {
        "Page": None if item.shown is None else data_uri(item.shown.thumb_jpeg, "jpeg"),
        "Result": f"{DECISION_SHAPE.get(item.verdict, '✕')} {item.verdict}",
        "p(abnormal)": prediction.p_abnormal,
        "File": item.title,
        "Beats": len(prediction.beats) if prediction.status == "ok" else None,
        "Rate": prediction.heart_rate_bpm,
        "Reason": prediction.reason or " ".join(prediction.faults),
    }


def results_csv(items: Sequence[Screened]) -> str:
    """One line a page: the fields of the result file and what else was measured, beats and seconds as numbers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for item in sorted(items, key=urgency):
        prediction = item.prediction
        numbers = {"beats": len(prediction.beats), "seconds": prediction.seconds.get("total")}
        words = {"faults": " ".join(prediction.faults)}
        writer.writerow({**prediction.to_json(), **numbers, **words, **_measured(prediction)})
    return text.getvalue()


def _measured(prediction: Prediction) -> dict[str, object]:
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


def results_jsonl(items: Sequence[Screened]) -> str:
    """One JSON object a page and line, as ``python -m ecgcore screen --json`` writes them."""
    return "".join(json.dumps(item.prediction.to_json()) + "\n" for item in sorted(items, key=urgency))
