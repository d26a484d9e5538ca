"""Who lets which bundle answer: activate, reject, compare, go back; and the list of what was decided."""

from collections.abc import Callable, Sequence

import streamlit as st

from annotations.activations import Activation
from annotations.store import Store
from pages.parts.attempts import attempt
from pages.parts.bundle_files import NOTE
from pages.parts.run_words import day_and_time
from trainer.jobs import compare
from trainer.registry import BundleFacts
from trainer.registry_decisions import activate, reject, rollback, rollback_target


def decision_box(store: Store, facts: BundleFacts, person: str) -> None:
    """Activate, compare again, reject: what can be done with a bundle that is not in use."""
    with st.form("decide", border=False):
        reason = st.text_input(
            f"Why? It is kept with your name, {person}.", max_chars=300, key="decide-reason",
            placeholder="Better on the held-out pages",
        )  # fmt: skip
        with st.container(horizontal=True):
            activated = st.form_submit_button(
                "Activate", type="primary", icon=":material/check_circle:", key="activate",
                help="From then on it answers every screening, at once and in every session.",
            )  # fmt: skip
            rejected = st.form_submit_button(
                "Reject", icon=":material/cancel:", key="reject", disabled=facts.run_state != "candidate",
                help="It stays where it is and will not be proposed again.",
            )  # fmt: skip
    if activated:
        _try(lambda: activate(store, facts.version, person, reason), f"{facts.version} answers from now on.")
    if rejected:
        _try(lambda: reject(store, facts.version, person, reason), f"{facts.version} is rejected.")


def compare_button(store: Store, facts: BundleFacts, person: str) -> None:
    """Measure the bundle beside the one in use, in a process of its own."""
    if st.button(
        "Compare again" if facts.is_compared else "Compare with the bundle in use", key="compare",
        icon=":material/balance:", help="Judges the held-out pages with both; a few seconds a page.",
    ):  # fmt: skip
        _try(lambda: compare(store, facts.version, by=person), f"{facts.version} is being compared.")


def rollback_button(store: Store, person: str) -> None:
    """One click back to the bundle that answered before."""
    target = rollback_target(store)
    if target is not None and st.button(
        f"Roll back to {target}", key="rollback", icon=":material/undo:", help="At once, in every session."
    ):
        _try(lambda: rollback(store, person), f"{target} answers again.")


def history_table(decisions: Sequence[Activation]) -> None:
    """Every decision, newest first."""
    if not decisions:
        st.caption("Nobody has activated another bundle yet.")
        return
    st.dataframe(
        [
            {
                "when": day_and_time(decision.at),
                "who": decision.person,
                "from": decision.previous_version,
                "to": decision.version,
                "how": "rolled back" if decision.is_rollback else "activated",
                "why": decision.reason,
            }
            for decision in decisions
        ],
        hide_index=True,
    )


def _try(action: Callable[[], object], done: str) -> None:
    def act() -> None:
        action()
        st.session_state[NOTE] = done

    attempt(act)
