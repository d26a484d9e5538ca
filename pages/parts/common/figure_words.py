"""The names of a bundle's networks and figures in words, and a figure as text."""

PARTS = {
    "fused": "verdict (fused)",
    "global": "whole-page network",
    "local": "beat network",
    "waveform": "waveform network",
    "detector": "beat detector",
}
METRICS = {
    "n_abnormal": "abnormal pages (n)",
    "n_normal": "normal pages (n)",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "accuracy": "accuracy",
    "majority_rate": "majority rate",
    "sensitivity": "sensitivity (refer = found)",
    "specificity": "specificity (called normal)",
    "refer_rate": "refer rate",
    "f1": "F1",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
    "recall": "recall",
    "precision": "precision",
    "ap50": "AP50",
    "ap50_95": "AP50:95",
}
_BIASED = ("ece",)
"""Figures that chance alone pushes up; ``trainer.metrics`` corrects them and keeps the uncorrected one beside."""


def figure_text(metric: str, figure: object) -> str:
    """A figure as ``interval_text``, or without an interval where that was not corrected for the figure's bias.

    Args:
        metric: its name in the figures.
        figure: with its interval.
    """
    match figure:
        case {"value": int() | float() as value, **rest} if metric in _BIASED and "plug_in" not in rest:
            return f"{value:.2f} (uncorrected)"
    return interval_text(figure)


def interval_text(figure: object, *, signed: bool = False) -> str:
    """``{"value": 0.923, "low": 0.90, "high": 0.94}`` as "0.92 (0.90 to 0.94)"; "–" where there is no value.

    A whole number without an interval is a count: "1,204". A difference is ``signed``, with a digit more. An interval
    without width is none: the pages were too few to draw others from.

    Args:
        figure: with its interval, None where there is none.
        signed: with + for what is positive.
    """
    form = "+.3f" if signed else ".2f"
    match figure:
        case {"value": int() | float() as value, "low": int() | float() as low, "high": int() | float() as high} if (
            low < high
        ):
            return f"{value:{form}} ({low:{form}} to {high:{form}})"
        case {"value": int() as count, **rest} if rest.get("low") is None:
            return f"{count:,}"
        case {"value": int() | float() as value} | (int() | float() as value):
            return f"{value:{form}}"
    return "–"
