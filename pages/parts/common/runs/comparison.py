"""Candidate and model in use on the same pages: better, the same or worse, with the intervals, and what changed."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from annotations.store import Store
from pages.parts.common.page_cards import BOXES, PageCard, numbers_of_files, page_cards
from pages.parts.common.runs.plots import SHOWN, difference_figure, differences_text
from pages.parts.common.score_tables import FIGURE, PARTS, comparison_rows, interval_text, stand_on
from pages.parts.common.style import DECISION_SHAPE, GREEN, GREY, ORANGE, VERMILION, banner
from pages.parts.common.words import counted, plain

_VERDICTS = {
    "better": (GREEN, "▲", "Better"),
    "same": (GREY, "●", "No difference shown"),
    "worse": (VERMILION, "▼", "Worse"),
    "unknown": (ORANGE, "◆", "Inconclusive (too few pages)"),
}
_CHANGED_SHOWN = 9


def comparison_box(store: Store, comparison: Mapping[str, Any], scope: str) -> None:
    """Below the verdict: the differences, both models' figures, and the pages whose result changed.

    Args:
        store: where the pages are.
        comparison: as ``trainer.jobs.results.Results.comparison``.
        scope: tells two comparisons on one page apart.
    """
    left, right = st.columns(2, gap="medium")
    with left:
        _differences(comparison, scope)
    with right:
        _side_by_side(comparison, scope)
    _changed(store, comparison, scope)


def comparison_banner(comparison: Mapping[str, Any]) -> None:
    """Better, the same, worse or inconclusive, and why."""
    colour, shape, word = _VERDICTS.get(str(comparison.get("verdict")), _VERDICTS["unknown"])
    if not comparison.get("pages"):
        word = "Inconclusive (no pages to compare on)"
    where = {
        "held-out": " of the permanent test set",
        "folds": ", each judged by the networks of the fold that had not seen its patient",
    }.get(str(comparison.get("pages_from")), "")
    banner(
        colour,
        shape,
        word,
        f"{comparison.get('because') or comparison.get('explanation') or ''}{_interval(comparison)}",
        f"{comparison['candidate']} compared with {comparison['active']} on "
        f"{counted(comparison.get('pages', 0), 'page')}{where}",
    )
    if comparison.get("because") and comparison.get("explanation"):
        st.caption(plain(comparison["explanation"]))


def _interval(comparison: Mapping[str, Any]) -> str:
    auroc = (comparison.get("differences") or {}).get("auroc") or {}
    if None in (auroc.get("value"), auroc.get("low"), auroc.get("high")):
        return ""
    told = interval_text(auroc, signed=True)
    return f" AUROC {told}." if auroc["low"] < auroc["high"] else f" AUROC {told}, too few pages for an interval."


def _differences(comparison: Mapping[str, Any], scope: str) -> None:
    differences = comparison.get("differences") or {}
    if any((figure or {}).get("value") is not None for figure in differences.values()):
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


def _seen_before(comparison: Mapping[str, Any]) -> str:
    """Which pages were left out, since one of the two had learnt from them."""
    told = [
        f"{sum(reasons.values())} that {comparison[which]} was trained on "
        f"({', '.join(f'{count} by the {reason}' for reason, count in reasons.items())})"
        for which in ("candidate", "active")
        if (reasons := (comparison.get("left_out_as_seen") or {}).get(which))
    ]
    return f"Pages left out, since figures on them would be optimistic: {'; '.join(told)}." if told else ""


def _side_by_side(comparison: Mapping[str, Any], scope: str) -> None:
    candidate, active = comparison.get("candidate_figures"), comparison.get("active_figures")
    if not candidate and not active:
        return
    parts = [part for part in PARTS if (candidate or {}).get(part) or (active or {}).get(part)]
    part = st.segmented_control("Figures of", parts, default=parts[0], format_func=PARTS.__getitem__,
                                key=f"{scope}-part", wrap=True)  # fmt: skip
    rows = comparison_rows((candidate or {}).get(part or parts[0]), (active or {}).get(part or parts[0]))
    st.dataframe(
        rows,
        hide_index=True,
        column_config={FIGURE: st.column_config.TextColumn(pinned=True)},
        height="content",
        alt="Performance of the candidate and of the model in use on the same pages",
    )
    if words := stand_on((candidate or active or {}).get(part or parts[0])):
        st.caption(words)


def _changed(store: Store, comparison: Mapping[str, Any], scope: str) -> None:
    changed = comparison.get("changed") or []
    if not changed:
        return
    st.markdown(f"**{counted(len(changed), 'page')} with another result**")
    ids = numbers_of_files(store, (page["file"] for page in changed))
    cards = [PageCard(ids.get(page["file"]), _change(page)) for page in changed[:_CHANGED_SHOWN]]
    page_cards(store, cards, f"{scope}-changed")
    more = f" The first {_CHANGED_SHOWN} are shown." if len(changed) > _CHANGED_SHOWN else ""
    st.caption(BOXES + more)


def _change(page: Mapping[str, Any]) -> str:
    label, now = page["label"], page["candidate"]
    judged = "now referred" if now == "refer" else "now right" if now == label else "**now wrong**"
    told = f"label: {plain(label or 'none')}" + (f", {judged}" if label else "")
    return f"{_verdict(page, 'active')} → **{_verdict(page, 'candidate')}**  \n{told}"


def _verdict(page: Mapping[str, Any], which: str) -> str:
    p = page.get(f"p_{which}")
    number = "" if p is None else f" {p:.2f}"
    return f"{DECISION_SHAPE.get(page[which], '')} {plain(page[which])}{number}"
