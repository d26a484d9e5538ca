"""Who puts which model in use: activate, reject, compare, go back; and the list of what was decided."""

from collections.abc import Callable, Sequence

import streamlit as st

from annotations.runs.activations import Activation
from annotations.store import Store
from pages.parts.common.actions import attempt
from pages.parts.common.local_time import local_time
from pages.parts.common.words import plain
from pages.parts.models.activation_effect import effect_box
from pages.parts.models.bundle_files import NOTE
from trainer.jobs import compare
from trainer.registry import BundleFacts, bundles, present_version
from trainer.registry.activation import UnconfirmedError, activate, reject, rollback, rollback_target
from trainer.registry.comparisons import comparison_of

_UNCONFIRMED = "models-unconfirmed"
"""Where the session keeps the version and reason that wait for the second confirmation, and why."""


def decision_box(store: Store, facts: BundleFacts, person: str) -> None:
    """What activating a model changes, and beside it Activate and Reject."""
    present = present_version(store)
    comparison = comparison_of(store, facts.version, present)
    in_use = next((known for known in bundles(store) if known.version == present), None)
    st.subheader(f"Decide on {plain(facts.version)}", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left:
        effect_box(facts, in_use, comparison)
    with right:
        _decision_form(store, facts, person)


def _decision_form(store: Store, facts: BundleFacts, person: str) -> None:
    with st.form("decide", border=False):
        reason = st.text_input(
            f"Reason (kept with your name, {plain(person)})", max_chars=300, key="decide-reason",
            placeholder="Better on the permanent test set",
        )  # fmt: skip
        with st.container(horizontal=True):
            activated = st.form_submit_button(
                "Activate", type="primary", icon=":material/check_circle:", key="activate",
                help="Every screening uses it from then on, at once and in every session.",
            )  # fmt: skip
            rejected = st.form_submit_button(
                "Reject", icon=":material/cancel:", key="reject",
                disabled=facts.run_id is None or facts.status in ("rejected", "being compared"),
                help="It is kept, but no longer offered as a candidate.",
            )  # fmt: skip
    if activated:
        _activate(store, facts.version, person, reason)
    if rejected:
        _try(lambda: reject(store, facts.version, person, reason), f"{facts.version} was rejected.")
    _second_confirmation(store, facts.version, person)


def _activate(store: Store, version: str, person: str, reason: str, *, is_confirmed: bool = False) -> None:
    def act() -> None:
        st.session_state.pop(_UNCONFIRMED, None)
        try:
            activate(store, version, person, reason, is_confirmed=is_confirmed)
        except UnconfirmedError as error:
            st.session_state[_UNCONFIRMED] = (version, reason, error.cause)
        else:
            st.session_state[NOTE] = f"{version} is now in use."

    attempt(act)


def _second_confirmation(store: Store, version: str, person: str) -> None:
    """Where nobody knows whether the model is better, a second click says to use it all the same."""
    waiting = st.session_state.get(_UNCONFIRMED)
    if waiting is None or waiting[0] != version:
        return
    _, reason, cause = waiting
    st.warning(f"**{plain(cause)}** Activate it all the same?", icon=":material/warning:")
    with st.container(horizontal=True):
        if st.button("Activate all the same", key="activate-confirm", icon=":material/check_circle:"):
            _activate(store, version, person, reason, is_confirmed=True)
        if st.button("Keep the model in use", key="activate-cancel"):
            st.session_state.pop(_UNCONFIRMED)
            st.rerun()


def compare_button(store: Store, facts: BundleFacts, person: str) -> None:
    """Measure the model beside the one in use, in a process of its own."""
    if st.button(
        "Compare again" if facts.is_compared else "Compare with the model in use", key="compare",
        icon=":material/balance:", help="Both models judge the permanent test set; a few seconds a page.",
    ):  # fmt: skip
        _try(lambda: compare(store, facts.version, by=person), f"The comparison of {facts.version} has started.")


def rollback_button(store: Store, person: str) -> None:
    """One click back to the model that was in use before."""
    target = rollback_target(store)
    if target is not None and st.button(
        f"Roll back to {plain(target)}", key="rollback", icon=":material/undo:", help="At once, in every session."
    ):
        _try(lambda: rollback(store, person), f"{target} is in use again.")


def history_table(decisions: Sequence[Activation]) -> None:
    """Every decision, newest first."""
    if not decisions:
        st.caption("No other model has been activated yet.")
        return
    st.dataframe(
        [
            {
                "when": local_time(decision.at),
                "who": decision.person,
                "from": decision.previous_version,
                "to": decision.version,
                "how": "rolled back" if decision.is_rollback else "activated",
                "why": decision.reason,
            }
            for decision in decisions
        ],
        hide_index=True,
        alt="Which model was put in use when, by whom and why",
    )


def _try(action: Callable[[], object], done: str) -> None:
    def act() -> None:
        action()
        st.session_state[NOTE] = done

    attempt(act)
