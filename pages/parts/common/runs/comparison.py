"""Candidate and model in use on the same pages: better, the same or worse, with the intervals, and what changed."""

import streamlit as st

from annotations.store import Store
from pages.parts.common.figure_words import PARTS, interval_text
from pages.parts.common.page_cards import BOXES, PageCard, numbers_of_files, page_cards
from pages.parts.common.runs.plots import SHOWN, difference_figure, differences_text
from pages.parts.common.score_tables import FIGURE, comparison_rows, stand_on
from pages.parts.common.style import DECISION_SHAPE, GREEN, GREY, ORANGE, VERMILION, banner
from pages.parts.common.words import counted, plain
from trainer.metrics.figures import UNDEFINED
from trainer.runs.results import ChangedPage, Comparison

_VERDICTS = {
    "better": (GREEN, "▲", "Better"),
    "same": (GREY, "●", "No difference shown"),
    "worse": (VERMILION, "▼", "Worse"),
    "unknown": (ORANGE, "◆", "Inconclusive (too few pages)"),
}
_CHANGED_SHOWN = 9


def comparison_box(store: Store, comparison: Comparison, scope: str) -> None:
    """Below the verdict: the differences, both models' figures, and the pages whose result changed.

    Args:
        store: where the pages are.
        comparison: of the two.
        scope: tells two comparisons on one page apart.
    """
    left, right = st.columns(2, gap="medium")
    with left:
        _differences(comparison, scope)
    with right:
        _side_by_side(comparison, scope)
    _changed(store, comparison, scope)


def comparison_banner(comparison: Comparison) -> None:
    """Better, the same, worse or inconclusive, and why."""
    colour, shape, word = _VERDICTS.get(comparison.verdict or "", _VERDICTS["unknown"])
    if not comparison.pages:
        word = "Inconclusive (no pages to compare on)"
    where = {
        "held-out": " of the permanent test set",
        "folds": ", each judged by the networks of the fold that had not seen its patient",
    }.get(comparison.pages_from or "", "")
    banner(
        colour,
        shape,
        word,
        f"{comparison.because or comparison.explanation or ''}{_interval(comparison)}",
        f"{comparison.candidate} compared with {comparison.active} on {counted(comparison.pages, 'page')}{where}",
    )
    if comparison.because and comparison.explanation:
        st.caption(plain(comparison.explanation))


def _interval(comparison: Comparison) -> str:
    auroc = comparison.differences.get("auroc", UNDEFINED)
    low, high = auroc.get("low"), auroc.get("high")
    if auroc["value"] is None or low is None or high is None:
        return ""
    told = interval_text(auroc, signed=True)
    return f" AUROC {told}." if low < high else f" AUROC {told}, too few pages for an interval."


def _differences(comparison: Comparison, scope: str) -> None:
    differences = comparison.differences
    if any(figure["value"] is not None for figure in differences.values()):
        st.markdown("**Differences**")
        st.plotly_chart(
            difference_figure(differences), key=f"{scope}-differences", config=SHOWN,
            alt=differences_text(differences),
        )  # fmt: skip
        st.caption(
            "Candidate minus model in use on the same pages, with the 95 % interval of a bootstrap that draws whole "
            "patients. Good is a point right of zero whose interval does not reach zero. A referred page counts as "
            "found in the sensitivity."
        )
    left_out = _seen_before(comparison)
    if left_out:
        st.caption(plain(left_out))


def _seen_before(comparison: Comparison) -> str:
    """Which pages were left out, since one of the two had learnt from them."""
    told = [
        f"{sum(reasons.values())} that {version} was trained on "
        f"({', '.join(f'{count} by the {reason}' for reason, count in reasons.items())})"
        for which, version in (("candidate", comparison.candidate), ("active", comparison.active))
        if (reasons := comparison.left_out_as_seen.get(which))
    ]
    return f"Pages left out, since figures on them would be optimistic: {'; '.join(told)}." if told else ""


def _side_by_side(comparison: Comparison, scope: str) -> None:
    candidate, active = comparison.candidate_figures, comparison.active_figures
    if not candidate and not active:
        return
    parts = [part for part in PARTS if candidate.get(part) or active.get(part)]
    part = st.segmented_control("Figures of", parts, default=parts[0], format_func=PARTS.__getitem__,
                                key=f"{scope}-part", wrap=True)  # fmt: skip
    rows = comparison_rows(candidate.get(part or parts[0], {}), active.get(part or parts[0], {}))
    st.dataframe(
        rows,
        hide_index=True,
        column_config={FIGURE: st.column_config.TextColumn(pinned=True)},
        height="content",
        alt="Performance of the candidate and of the model in use on the same pages",
    )
    if words := stand_on((candidate or active).get(part or parts[0], {})):
        st.caption(words)


def _changed(store: Store, comparison: Comparison, scope: str) -> None:
    changed = comparison.changed
    if not changed:
        return
    st.markdown(f"**{counted(len(changed), 'page')} with another result**")
    ids = numbers_of_files(store, (page.file for page in changed))
    cards = [PageCard(ids.get(page.file), _change(page)) for page in changed[:_CHANGED_SHOWN]]
    page_cards(store, cards, f"{scope}-changed")
    more = f" The first {_CHANGED_SHOWN} are shown." if len(changed) > _CHANGED_SHOWN else ""
    st.caption(BOXES + more)


def _change(page: ChangedPage) -> str:
    label, now = page.label, page.candidate
    judged = "now referred" if now == "refer" else "now right" if now == label else "**now wrong**"
    told = f"label: {plain(label or 'none')}" + (f", {judged}" if label else "")
    return f"{_verdict(page.active, page.p_active)} → **{_verdict(page.candidate, page.p_candidate)}**  \n{told}"


def _verdict(decision: str, p: float | None) -> str:
    number = "" if p is None else f" {p:.2f}"
    return f"{DECISION_SHAPE.get(decision, '')} {plain(decision)}{number}"
