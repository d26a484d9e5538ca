"""What activating a model changes: its thresholds, how much it refers, and which answers become others."""

from collections import Counter
from collections.abc import Mapping

import streamlit as st

from ecgcore.bundle.manifest import read_manifest
from ecgcore.errors import EcgError
from pages.parts.common.style import DECISION_SHAPE
from pages.parts.common.words import counted, plain
from trainer.metrics.figures import UNDEFINED
from trainer.registry import BundleFacts
from trainer.runs.results import Comparison

_DECISIONS = ("normal", "refer", "abnormal")


def effect_box(candidate: BundleFacts, in_use: BundleFacts | None, comparison: Comparison | None) -> None:
    """Thresholds and refer rate now and then, and the pages that change sides.

    Args:
        candidate: the model that would be used.
        in_use: the model in use; None where it cannot be read.
        comparison: of the two; None where there is none.
    """
    st.markdown("**What activating changes**")
    now, then = _thresholds(in_use), _thresholds(candidate)
    rows = [{"Result": name, "now": now.get(name, "–"), "after": then.get(name, "–")} for name in then or now]
    rows += [] if comparison is None else refer_rows(comparison)
    st.table(rows, hide_index=True, border="horizontal", alt="Thresholds and refer rate now and after activating")
    if comparison is None or not comparison.pages:
        st.caption("No pages were judged by both models: how many results change is not known.")
        return
    changes = change_rows(comparison)
    pages = counted(comparison.pages, "page")
    if not changes:
        st.caption(f"No result changes on the {pages} of the comparison.")
        return
    st.markdown(f"**Results that change on the {pages} of the comparison**")
    st.table(changes, hide_index=True, border="horizontal", alt="How many pages change from which result to which")
    stand_in = " Networks of the folds, with thresholds of their own, stand in for the candidate here."
    st.caption(
        f"Unchanged: {counted(comparison.pages - len(comparison.changed), 'page')}."
        + (stand_in if comparison.pages_from == "folds" else "")
    )


def refer_rows(comparison: Comparison) -> list[dict[str, str]]:
    """How many pages of the comparison each of the two refers; none where it does not say."""
    decisions = comparison.decisions
    if all(decisions.get(side) for side in ("active", "candidate")):
        now, then = (_share(decisions[side]) for side in ("active", "candidate"))
    else:  # a comparison of an earlier version, which kept the figures of the labelled pages alone
        figures = (comparison.active_figures, comparison.candidate_figures)
        rates = [of_side.get("fused", {}).get("refer_rate", UNDEFINED)["value"] for of_side in figures]
        known = [f"{rate:.0%}" for rate in rates if rate is not None]
        if len(known) < len(rates):
            return []
        now, then = known
    return [{"Result": "Referred", "now": now, "after": then}]


def change_rows(comparison: Comparison) -> list[dict[str, str | int]]:
    """Pages by old and new result, and of these how many a reader labelled normal and abnormal; worst first."""
    counts = Counter((page.active, page.candidate, page.label) for page in comparison.changed)
    pairs = sorted({(old, new) for old, new, _ in counts}, key=lambda pair: (_DECISIONS.index(pair[1]), pair[0]))
    return [
        {
            "result": f"{_named(old)} → {_named(new)}",
            "pages": sum(n for (was, becomes, _), n in counts.items() if (was, becomes) == (old, new)),
            "labelled normal": counts[old, new, "normal"],
            "labelled abnormal": counts[old, new, "abnormal"],
        }
        for old, new in pairs
    ]


def _thresholds(facts: BundleFacts | None) -> dict[str, str]:
    try:
        limits = None if facts is None else read_manifest(facts.folder).thresholds
    except EcgError:
        limits = None
    if limits is None:
        return {}
    return {"Normal": f"below {limits.p_normal_below:.2f}", "Abnormal": f"from {limits.p_abnormal_from:.2f}"}


def _share(decisions: Mapping[str, int]) -> str:
    total, referred = sum(decisions.values()), decisions.get("refer", 0)
    return f"{referred / total:.0%} ({referred} of {total})"


def _named(decision: str) -> str:
    return f"{DECISION_SHAPE.get(decision, '')} {plain(decision)}"
