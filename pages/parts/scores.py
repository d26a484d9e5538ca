"""The figures of a bundle.json -> tables that a reader understands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PARTS = {"fused": "verdict (fused)", "global": "whole page", "local": "beats", "detector": "beat finder"}
INNER_SPLIT = "inner_split"
DATA_SETS = {
    "ludb_rendered": "Beats: LUDB records, drawn by this program",
    "ptbxl_rendered": "Verdicts: PTB-XL records, drawn by this program",
    "khan_gridded": "Verdicts: real pages of the Khan set with a printed grid",
    "khan_all": "Verdicts: all real pages of the Khan set",
    "khan_acute_mi": "Verdicts: real pages of acute infarction",
    "cross_validation": "Folds of its training: what the recipe made of pages that it had not seen",
    INNER_SPLIT: "Pages that stopped and tuned it, which flatters",
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


HELP = """
- **AUROC**: how often an abnormal page gets a higher probability than a normal one; 0.5 is chance, 1 is best.
- **AUPRC**: average precision over all thresholds; chance is the share of abnormal pages.
- **accuracy** at 0.5; it means something only above the **majority rate**, which always giving the commoner answer
  reaches.
- **sensitivity**: abnormal pages that are not called normal; **specificity**: normal pages that are called normal.
- **refer rate**: pages that the program leaves to a reader; lower saves work, but only at the same sensitivity.
- **F1**: of precision and recall of "abnormal" at 0.5.
- **Brier score**: mean squared distance of probability and label; **ECE**: how far probabilities are from frequencies.
  0 is best for both.
- **recall** and **precision** of found beats at IoU 0.5; **AP50** and **AP50:95**: average precision at IoU 0.5, and
  from 0.5 to 0.95.

In brackets: the 95 % interval, bootstrapped by patient.
"""


def fold_rows(pooled: Mapping[str, Any], folds: Sequence[Mapping[str, Any]], part: str) -> list[dict[str, str]]:
    """One network's figures: a row a metric, all folds' pages together, then each fold alone.

    Args:
        pooled: ``{network: {metric: interval}}``.
        folds: the same for each fold.
        part: which network.
    """
    blocks = {"all folds": pooled} | {f"fold {number}": block for number, block in enumerate(folds, 1)}
    figures = {name: block.get(part) or {} for name, block in blocks.items()}
    return [
        {"": METRICS[metric]} | {name: interval_text(of_block.get(metric)) for name, of_block in figures.items()}
        for metric in METRICS
        if any(metric in of_block for of_block in figures.values())
    ]


def comparison_rows(candidate: Mapping[str, Any] | None, active: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """One network's figures of two bundles, side by side."""
    return [
        {
            "": METRICS[metric],
            "candidate": interval_text((candidate or {}).get(metric)),
            "in use": interval_text((active or {}).get(metric)),
        }
        for metric in METRICS
        if metric in (candidate or {}) or metric in (active or {})
    ]


def headline(metrics: Mapping[str, Any]) -> str:
    """A bundle's AUROC in one line with the pages that it was measured on; empty where it carries none."""
    told = [
        f"AUROC {row[PARTS['fused']]}" + (f", {_in_a_sentence(title)}" if title else "")
        for title, rows in score_tables({name: below for name, below in metrics.items() if name != INNER_SPLIT})
        for row in rows
        if row[""] == METRICS["auroc"] and row.get(PARTS["fused"], "–") != "–"
    ]
    return told[-1] if told else ""  # real pages come after drawn ones


def _in_a_sentence(title: str) -> str:
    """The data set's name as it goes on after a comma: "PTB-XL records, ..." but "folds of its training"."""
    name = title.removeprefix("Verdicts: ").split(":")[0]
    return name[0].lower() + name[1:] if name[1:2].islower() else name


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
