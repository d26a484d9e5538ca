"""Findings of a run -> plotly figures; each with axis titles, units and hover values."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import plotly.graph_objects as go

from ecgcore.types import FloatArray
from pages.parts.common.figure_words import METRICS, PARTS, interval_text
from pages.parts.common.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from trainer.jobs.curves import Network, precision_recall_points, roc_points
from trainer.jobs.results import PageResult, reliability
from trainer.metrics.figures import UNDEFINED, Block, Figures, Interval
from trainer.progress import ProgressEvent

DECISIONS = ("normal", "refer", "abnormal")
LABELS = ("normal", "abnormal")
SHOWN: dict[str, bool] = {"displayModeBar": False}
"""How ``st.plotly_chart`` shows these: nothing to press, so that a finger scrolls the page."""

# A dash says what the colour says.
_NETWORKS: Mapping[Network, tuple[str, str]] = {
    "fused": (BLUE, "solid"), "global": (GREEN, "dash"), "local": (ORANGE, "dot"), "waveform": (PURPLE, "dashdot"),
}  # fmt: skip
_FOLDS = ((BLUE, "circle"), (VERMILION, "square"), (GREEN, "diamond"), (ORANGE, "triangle-up"), (PURPLE, "x"))
_FINAL = (SKY, "star")
_LOSSES: tuple[tuple[Callable[[ProgressEvent], float | None], str, str], ...] = (
    (lambda epoch: epoch.val_loss, "validation", "solid"),
    (lambda epoch: epoch.train_loss, "training", "dot"),
)
_DIFFERENCES = ("auroc", "sensitivity", "ap50")


def loss_figure(epochs: Sequence[ProgressEvent], stage: str) -> go.Figure:
    """Training (dotted) and validation loss of one stage, a line a fold; ``epochs`` as ``jobs.results.curves``.

    Args:
        epochs: their ends, as ``jobs.results.curves``.
        stage: whose loss.
    """
    figure = _figure("epoch", "loss", height=320)
    rows = [row for row in epochs if row.stage == stage]
    few = max((row.epoch or 0 for row in rows), default=0) <= 12
    figure.update_xaxes(dtick=1 if few else None, tickformat="d")
    for part, fold in dict.fromkeys((row.part, row.fold) for row in rows):
        of_fold = [row for row in rows if (row.part, row.fold) == (part, fold)]
        name = "all pages" if fold is None else f"fold {fold + 1}"
        colour, symbol = _FINAL if fold is None else _FOLDS[fold % len(_FOLDS)]
        for loss_of, words, dash in _LOSSES:
            points = [(row.epoch, loss_of(row)) for row in of_fold if loss_of(row) is not None]
            if points:
                named = {trace.name for trace in figure.data}
                figure.add_scatter(
                    x=[epoch for epoch, _ in points],
                    y=[value for _, value in points],
                    mode="lines+markers",
                    line={"color": colour, "dash": dash, "width": 2 if dash == "solid" else 1.5},
                    marker={"symbol": symbol, "size": 7},
                    name=name,
                    legendgroup=name,
                    showlegend=name not in named,
                    hovertemplate=f"{name}, {words}<br>epoch %{{x}}: loss %{{y:.4f}}<extra></extra>",
                )
    return figure


def loss_text(epochs: Sequence[ProgressEvent], stage: str) -> str:
    """The newest losses of one stage in words, for who does not see the figure.

    Args:
        epochs: their ends, as ``jobs.results.curves``.
        stage: whose loss.
    """
    newest = {row.fold: row for row in epochs if row.stage == stage}
    sentences = []
    for fold, row in newest.items():
        losses = [f"{words} {loss:.3f}" for loss_of, words, _ in _LOSSES if (loss := loss_of(row)) is not None]
        sentences.append(
            f"{'all pages' if fold is None else f'fold {fold + 1}'} epoch {row.epoch}, {', '.join(losses)}"
        )
    return f"Loss by epoch; newest: {'; '.join(sentences)}."


def roc_figure(pages: Sequence[PageResult]) -> go.Figure:
    """The ROC curves of verdict, whole-page and beat network."""
    figure = _square(
        "false positive rate (normal pages called abnormal)", "true positive rate (abnormal pages called so)"
    )
    _add_chance(figure, 0, 1)
    for network in _NETWORKS:
        _add_curve(figure, network, roc_points(pages, network), "false positive rate", "true positive rate")
    return figure


def precision_recall_figure(pages: Sequence[PageResult]) -> go.Figure:
    """The precision-recall curves of verdict, whole-page and beat network."""
    figure = _square(
        "recall (share of the abnormal pages found)", "precision (share of the abnormal calls that are right)"
    )
    prevalence = sum(page.label == "abnormal" for page in pages) / max(1, len(pages))
    _add_chance(figure, prevalence, prevalence)
    for network in _NETWORKS:
        _add_curve(figure, network, precision_recall_points(pages, network), "recall", "precision")
    return figure


def _add_chance(figure: go.Figure, left: float, right: float) -> None:
    """What guessing would give."""
    figure.add_scatter(
        x=[0, 1], y=[left, right], mode="lines", line={"color": GREY, "width": 1}, name="chance", hoverinfo="skip"
    )


def _add_curve(figure: go.Figure, network: Network, points: FloatArray, x_word: str, y_word: str) -> None:
    """One network's curve through points of threshold, x and y, ``[n, 3]``."""
    colour, dash = _NETWORKS[network]
    figure.add_scatter(
        x=points[:, 1],
        y=points[:, 2],
        customdata=points[:, 0],
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2.5},
        name=PARTS[network],
        hovertemplate=f"{PARTS[network]}, abnormal from p = %{{customdata:.2f}}<br>"
        f"{y_word} %{{y:.2f}}<br>{x_word} %{{x:.2f}}<extra></extra>",
    )


def reliability_figure(pages: Sequence[PageResult]) -> go.Figure:
    """How often pages of a predicted probability are abnormal: ten groups of as many pages each."""
    figure = _square("predicted p(abnormal), mean of the group", "share of the group that is abnormal")
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "width": 1}, name="ideal", hoverinfo="skip"
    )
    rows = reliability(pages)
    figure.add_scatter(
        x=[row["p_mean"] for row in rows],
        y=[row["abnormal_share"] for row in rows],
        customdata=[row["pages"] for row in rows],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9},
        name="verdict (fused)",
        hovertemplate="predicted %{x:.2f}<br>abnormal %{y:.2f}<br>%{customdata:.0f} pages<extra></extra>",
    )
    return figure


def confusion_figure(pages: Sequence[PageResult]) -> go.Figure:
    """Label against decision: how many pages, shaded by the share of their label's row."""
    counts = [
        [sum((p.label, p.decision) == (label, decision) for p in pages) for decision in DECISIONS] for label in LABELS
    ]
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    words = [
        [f"<b>{count}</b><br>{share:.0%}" for count, share in zip(row, of_row, strict=True)]
        for row, of_row in zip(counts, shares, strict=True)
    ]
    figure = _figure("decision", "label", height=380)
    figure.add_heatmap(
        z=shares,
        x=list(DECISIONS),
        y=list(LABELS),
        text=words,
        texttemplate="%{text}",
        textfont={"size": 16},
        zmin=0,
        zmax=1,
        # Pale enough throughout for the numbers to be read in black.
        colorscale=[[0, "rgb(255, 255, 255)"], [1, SKY]],
        showscale=False,
        xgap=3,
        ygap=3,
        hovertemplate="label %{y}, decision %{x}<br>%{z:.0%} of the %{y} pages<extra></extra>",
    )
    figure.update_traces(textfont_color="black")
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    return figure


def ablation_figure(pooled: Block) -> go.Figure:
    """AUROC of each network alone and of all fused, with its intervals."""
    aurocs = _aurocs(pooled)
    return _intervals(
        {PARTS[name]: figure for name, figure in aurocs.items()},
        METRICS["auroc"],
        [_NETWORKS[name][0] for name in aurocs],
    )


def difference_figure(differences: Figures) -> go.Figure:
    """Candidate minus model in use, with intervals; where one crosses zero the two may be the same."""
    shown = {METRICS[name]: figure for name, figure in _measured(differences).items()}
    figure = _intervals(shown, "candidate minus model in use", [BLUE] * len(shown), signed=True)
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5})
    return figure


def differences_text(differences: Figures) -> str:
    """The same in words, for who does not see the figure."""
    sentences = [
        f"{METRICS[name]} {interval_text(figure, signed=True)}" for name, figure in _measured(differences).items()
    ]
    return f"Candidate minus model in use: {'; '.join(sentences)}."


def ablation_text(pooled: Block) -> str:
    """What ``ablation_figure`` shows, in words."""
    sentences = [f"{PARTS[name]} {interval_text(figure)}" for name, figure in _aurocs(pooled).items()]
    return f"{METRICS['auroc']}: {'; '.join(sentences)}."


def confusion_text(pages: Sequence[PageResult]) -> str:
    """What ``confusion_figure`` shows, in words."""
    counts = Counter((page.label, page.decision) for page in pages)
    rows = (", ".join(f"{counts[label, decision]} called {decision}" for decision in DECISIONS) for label in LABELS)
    return "; ".join(f"of the {label} pages {row}" for label, row in zip(LABELS, rows, strict=True)).capitalize() + "."


def _intervals(figures: Mapping[str, Interval], axis: str, colours: list[str], *, signed: bool = False) -> go.Figure:
    plot = _figure(axis, "", height=90 + 42 * len(figures))
    form = "+.3f" if signed else ".3f"
    values = [figure["value"] or 0.0 for figure in figures.values()]
    lows, highs = (
        [value if end is None else end for value, end in zip(values, ends, strict=True)]
        for ends in ([f.get("low") for f in figures.values()], [f.get("high") for f in figures.values()])
    )
    plot.add_scatter(
        x=values,
        y=list(figures),
        mode="markers",
        marker={"size": 11, "color": colours},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for high, value in zip(highs, values, strict=True)],
            "arrayminus": [value - low for low, value in zip(lows, values, strict=True)],
            "color": GREY,
            "thickness": 2,
        },
        customdata=[
            f"95 % interval {low:{form}} to {high:{form}}" if low < high else "too few pages for an interval"
            for low, high in zip(lows, highs, strict=True)
        ],
        hovertemplate=f"%{{y}} %{{x:{form}}}<br>%{{customdata}}<extra></extra>",
        showlegend=False,
    )
    plot.update_yaxes(autorange="reversed", type="category")
    return plot


def _figure(x_title: str, y_title: str, *, height: int) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode=False,
        hovermode="closest",
        # Above, where it cannot print over the axis title on a narrow screen.
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    figure.update_xaxes(title=x_title, automargin=True, fixedrange=True)
    figure.update_yaxes(title=y_title, automargin=True, fixedrange=True)
    return figure


def _square(x_title: str, y_title: str) -> go.Figure:
    figure = _figure(x_title, y_title, height=400)
    figure.update_xaxes(range=[-0.01, 1.01])
    figure.update_yaxes(range=[-0.01, 1.02])
    return figure


def _aurocs(pooled: Block) -> dict[Network, Interval]:
    """The AUROC of each network that has one."""
    found = {name: pooled.get(name, {}).get("auroc", UNDEFINED) for name in _NETWORKS}
    return {name: figure for name, figure in found.items() if figure["value"] is not None}


def _measured(differences: Figures) -> Figures:
    """Those that are shown and defined, in the order of showing."""
    found = {name: differences.get(name, UNDEFINED) for name in _DIFFERENCES}
    return {name: figure for name, figure in found.items() if figure["value"] is not None}
