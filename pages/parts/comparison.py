"""Candidate and bundle in use on the same pages: better, the same or worse, with the intervals, and who changed."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from annotations.store import Store
from pages.parts.page_cards import BOXES, PageCard, numbers_of_files, page_cards
from pages.parts.run_plots import SHOWN, difference_figure
from pages.parts.scores import PARTS, comparison_rows
from pages.parts.style import DECISION_SHAPE, GREEN, GREY, ORANGE, VERMILION, banner

_VERDICTS = {
    "better": (GREEN, "▲", "Better"),
    "same": (GREY, "●", "The same, as far as can be told"),
    "worse": (VERMILION, "▼", "Worse"),
    "unknown": (ORANGE, "◆", "Not known"),
}
_CHANGED_SHOWN = 9


def comparison_box(store: Store, comparison: Mapping[str, Any], scope: str) -> None:
    """Below the verdict: the differences, both bundles' figures, and the pages whose verdict changed.

    Args:
        store: where the pages are.
        comparison: as ``trainer.jobs_results.Results.comparison``.
        scope: tells two comparisons on one page apart.
    """
    left, right = st.columns(2, gap="medium")
    with left:
        _differences(comparison, scope)
    with right:
        _side_by_side(comparison, scope)
    _changed(store, comparison, scope)


def comparison_banner(comparison: Mapping[str, Any]) -> None:
    """Better, the same, worse or not known, and why."""
    colour, shape, word = _VERDICTS.get(str(comparison.get("verdict")), _VERDICTS["unknown"])
    pages = {"held-out": "held-out pages", "folds": "pages, each judged by the fold that had not seen its patient"}.get(
        str(comparison.get("pages_from")), "pages"
    )
    banner(
        colour,
        shape,
        word,
        f"{comparison.get('because') or comparison.get('explanation') or ''}{_interval(comparison)}",
        f"{comparison['candidate']} beside {comparison['active']} on {comparison.get('pages', 0)} {pages}",
    )
    if comparison.get("because") and comparison.get("explanation"):
        st.caption(str(comparison["explanation"]))


def _interval(comparison: Mapping[str, Any]) -> str:
    auroc = (comparison.get("differences") or {}).get("auroc") or {}
    if None in (auroc.get("value"), auroc.get("low"), auroc.get("high")):
        return ""
    return f" AUROC {auroc['value']:+.3f} ({auroc['low']:+.3f} to {auroc['high']:+.3f})."


def _differences(comparison: Mapping[str, Any], scope: str) -> None:
    differences = comparison.get("differences") or {}
    if any((figure or {}).get("value") is not None for figure in differences.values()):
        st.markdown("**Differences**")
        st.plotly_chart(
            difference_figure(differences), key=f"{scope}-differences", config=SHOWN,
            alt="Differences between the candidate and the bundle in use, with intervals",
        )  # fmt: skip
        st.caption(
            "Candidate minus bundle in use on the same pages, with the 95 % interval of a bootstrap that draws whole "
            "patients. Good is a point right of zero whose interval does not reach zero."
        )
    left_out = _seen_before(comparison)
    if left_out:
        st.caption(left_out)


def _seen_before(comparison: Mapping[str, Any]) -> str:
    """Which pages were left out, since one of the two had learnt from them."""
    told = [
        f"{sum(reasons.values())} that {comparison[which]} had learnt from "
        f"({', '.join(f'{count} by the {reason}' for reason, count in reasons.items())})"
        for which in ("candidate", "active")
        if (reasons := (comparison.get("left_out_as_seen") or {}).get(which))
    ]
    return f"Pages left out, since they would flatter: {'; '.join(told)}." if told else ""


def _side_by_side(comparison: Mapping[str, Any], scope: str) -> None:
    candidate, active = comparison.get("candidate_figures"), comparison.get("active_figures")
    if not candidate and not active:
        return
    parts = [part for part in PARTS if (candidate or {}).get(part) or (active or {}).get(part)]
    part = st.segmented_control("Figures of", parts, default=parts[0], format_func=PARTS.__getitem__,
                                key=f"{scope}-part")  # fmt: skip
    rows = comparison_rows((candidate or {}).get(part or parts[0]), (active or {}).get(part or parts[0]))
    st.dataframe(rows, hide_index=True, column_config={"": st.column_config.TextColumn(pinned=True)})


def _changed(store: Store, comparison: Mapping[str, Any], scope: str) -> None:
    changed = comparison.get("changed") or []
    if not changed:
        return
    st.markdown(f"**{len(changed)} pages get another verdict**")
    ids = numbers_of_files(store, (page["file"] for page in changed))
    cards = [PageCard(ids.get(page["file"]), _change(page)) for page in changed[:_CHANGED_SHOWN]]
    page_cards(store, cards, f"{scope}-changed")
    more = f" The first {_CHANGED_SHOWN} are shown." if len(changed) > _CHANGED_SHOWN else ""
    st.caption(BOXES + more)


def _change(page: Mapping[str, Any]) -> str:
    label, now = page["label"], page["candidate"]
    judged = "now left to a reader" if now == "refer" else "now right" if now == label else "**now wrong**"
    told = f"label: {label or 'none'}" + (f", {judged}" if label else "")
    return f"{_verdict(page, 'active')} → **{_verdict(page, 'candidate')}**  \n{told}"


def _verdict(page: Mapping[str, Any], which: str) -> str:
    p = page.get(f"p_{which}")
    number = "" if p is None else f" {p:.2f}"
    return f"{DECISION_SHAPE.get(page[which], '')} {page[which]}{number}"
