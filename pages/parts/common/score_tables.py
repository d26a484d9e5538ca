"""The figures of a bundle.json -> tables that a reader understands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from ecgcore.bundle.manifest import Figures as Measured
from pages.parts.common.figure_words import METRICS, PARTS, figure_text
from pages.parts.common.words import counted
from trainer.metrics.figures import UNDEFINED, Block, Figures

_Figure = TypeVar("_Figure")

INNER_SPLIT = "inner_split"
FIGURE = "Figure"
"""Head of the column that names them."""
FEW_PAGES = 10
"""Of a class; below, a single page moves its figures by a tenth or more."""
DATA_SETS = {
    "ludb_rendered": "Beats: LUDB records, drawn by this program",
    "ptbxl_rendered": "Verdicts: PTB-XL records, drawn by this program",
    "khan_gridded": "Verdicts: real pages of the Khan set with a printed grid",
    "khan_all": "Verdicts: all real pages of the Khan set",
    "khan_acute_mi": "Verdicts: real pages of acute infarction",
    "cross_validation": "Cross-validation: each page judged by networks that had not seen its patient",
    INNER_SPLIT: "Validation pages (used for early stopping: optimistic)",
}
HELP = """
- **AUROC**: how often an abnormal page gets a higher probability than a normal one; 0.5 is chance, 1 is best.
- **AUPRC**: average precision over all thresholds; chance is the share of abnormal pages.
- **accuracy** at 0.5; it means something only above the **majority rate**, which always choosing the commoner class
  reaches.
- **sensitivity**: share of the abnormal pages that are not called normal, so a referred page counts as found;
  **specificity**: share of the normal pages that are called normal, so a referred page counts against it. How many
  pages that is stands in the rows **(n)**.
- **refer rate**: share of pages that are left to a reader; lower saves work, but only at the same sensitivity.
- **F1**: of precision and recall of "abnormal" at 0.5.
- **Brier score**: mean squared distance of probability and label; **ECE**: how far probabilities are from frequencies,
  corrected for what chance alone adds; "uncorrected" where an older version measured it. 0 is best for both.
- **recall** and **precision** of detected beats at IoU 0.5; **AP50** and **AP50:95**: average precision at IoU 0.5, and
  from 0.5 to 0.95.

In brackets: the 95 % interval, bootstrapped by patient.
"""


def fold_rows(pooled: Block, folds: Sequence[Block], part: str) -> list[dict[str, str]]:
    """One network's figures: a row a metric, all folds' pages together, then each fold alone.

    Args:
        pooled: of all folds' answers.
        folds: of each fold.
        part: which network.
    """
    blocks = {"all folds": pooled} | {f"fold {number}": block for number, block in enumerate(folds, 1)}
    return _rows({name: block.get(part, {}) for name, block in blocks.items()})


def comparison_rows(candidate: Figures, active: Figures) -> list[dict[str, str]]:
    """One network's figures of two bundles, side by side.

    Args:
        candidate: figures of the one, None where there are none.
        active: of the model in use, the same.
    """
    return _rows({"candidate": candidate, "in use": active})


def pages_of_classes(figures: Figures) -> tuple[int, int] | None:
    """How many abnormal and how many normal pages figures stand on; None where not recorded."""
    abnormal, normal = (figures.get(name, UNDEFINED)["value"] for name in ("n_abnormal", "n_normal"))
    return None if abnormal is None or normal is None else (int(abnormal), int(normal))


def classes_of(figures: Figures) -> str:
    """How many pages of each class figures stand on: "80 abnormal and 142 normal pages"; empty where not recorded."""
    pages = pages_of_classes(figures)
    return "" if pages is None else f"{pages[0]:,} abnormal and {counted(pages[1], 'normal page')}"


def stand_on(figures: Figures) -> str:
    """How many pages figures stand on, and that they are uncertain where these are few; empty where not recorded."""
    pages = pages_of_classes(figures)
    if pages is None:
        return ""
    warning = " Uncertain: with so few pages of a class, a single one can change each figure by a tenth or more."
    titles = f"On {classes_of(figures)}.{warning if min(pages) < FEW_PAGES else ''}"
    return f"{titles} Sensitivity: abnormal pages not called normal, so a referred page counts as found."


def headline(metrics: Measured) -> str:
    """A bundle's AUROC in one line with the pages that it was measured on; empty where it carries none."""
    titles = [
        f"AUROC {row[PARTS['fused']]}" + (f", {_in_a_sentence(title)}" if title else "")
        for title, rows in score_tables({name: below for name, below in metrics.items() if name != INNER_SPLIT})
        for row in rows
        if row[FIGURE] == METRICS["auroc"] and row.get(PARTS["fused"], "–") != "–"
    ]
    return titles[-1] if titles else ""  # real pages come after drawn ones


def _in_a_sentence(title: str) -> str:
    """The data set's name as it goes on after a comma: "PTB-XL records, ..." but "cross-validation"."""
    name = title.removeprefix("Verdicts: ").split(":")[0]
    return name[0].lower() + name[1:] if name[1:2].islower() else name


def score_tables(metrics: Measured, title: tuple[str, ...] = ()) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Walk a bundle's nested figures and yield, for each data set, its title and a table of metrics by network.

    Args:
        metrics: data sets by name, nested as deep as they like, each ending in
            ``{network: {metric: {"value", "low", "high"}}}``.
        title: names on the way down to here.
    """
    # The verdict comes first, since a phone shows two columns.
    parts = {name: below for name in PARTS if isinstance(below := metrics.get(name), Mapping)}
    if parts:
        yield (
            " · ".join(DATA_SETS.get(name, name.replace("_", " ")) for name in title),
            _rows({PARTS[part]: figures for part, figures in parts.items()}),
        )
    for name, below in metrics.items():
        if name not in PARTS and isinstance(below, Mapping):
            yield from score_tables(below, (*title, name))


def _rows(columns: Mapping[str, Mapping[str, _Figure]]) -> list[dict[str, str]]:
    """A row for each metric that some column has, in the order of ``METRICS``; unknown metrics come last."""
    names = dict.fromkeys([*METRICS, *(metric for figures in columns.values() for metric in figures)])
    return [
        {FIGURE: METRICS.get(metric, metric)}
        | {name: figure_text(metric, figures.get(metric)) for name, figures in columns.items()}
        for metric in names
        if any(metric in figures for figures in columns.values())
    ]
