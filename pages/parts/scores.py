"""The figures of a bundle.json -> tables that a reader understands."""

from collections.abc import Iterator
from typing import Any

PARTS = {"fused": "verdict (fused)", "global": "whole page", "local": "beats", "detector": "beat finder"}
DATA_SETS = {
    "ludb_rendered": "Beats: LUDB records, drawn by this program",
    "ptbxl_rendered": "Verdicts: PTB-XL records, drawn by this program",
    "khan_gridded": "Verdicts: real pages of the Khan set with a printed grid",
    "khan_all": "Verdicts: all real pages of the Khan set",
    "khan_acute_mi": "Verdicts: real pages of acute infarction",
}
METRICS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "accuracy": "accuracy",
    "majority_rate": "majority rate",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "refer_rate": "refer rate",
    "f1": "F1",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
    "recall": "recall",
    "precision": "precision",
    "ap50": "AP50",
    "ap50_95": "AP50:95",
}


def score_tables(metrics: dict[str, Any], title: tuple[str, ...] = ()) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Walk a bundle's nested figures and yield, for each data set, its title and a table of metrics by network.

    Args:
        metrics: data sets by name, nested as deep as they like, each ending in
            ``{network: {metric: {"value", "low", "high"}}}``.
        title: names on the way down to here.
    """
    # The verdict comes first, since a phone shows two columns.
    parts = {name: metrics[name] for name in PARTS if isinstance(metrics.get(name), dict)}
    if parts:
        names = dict.fromkeys(metric for figures in parts.values() for metric in figures)
        ordered = sorted(names, key=lambda name: list(METRICS).index(name) if name in METRICS else len(METRICS))
        yield (
            " · ".join(DATA_SETS.get(name, name.replace("_", " ")) for name in title),
            [
                {"": METRICS.get(metric, metric)}
                | {PARTS[part]: interval_text(figures.get(metric)) for part, figures in parts.items()}
                for metric in ordered
            ],
        )
    for name, below in metrics.items():
        if name not in PARTS and isinstance(below, dict):
            yield from score_tables(below, (*title, name))


def interval_text(figure: object) -> str:
    """``{"value": 0.923, "low": 0.90, "high": 0.94}`` as "0.92 (0.90 to 0.94)"; "–" where there is no value."""
    match figure:
        case {"value": int() | float() as value, "low": int() | float() as low, "high": int() | float() as high}:
            return f"{value:.2f} ({low:.2f} to {high:.2f})"
        case {"value": int() | float() as value} | (int() | float() as value):
            return f"{value:.2f}"
    return "–"
