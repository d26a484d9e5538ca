"""The Models page: the bundle in use and its limits, what it descends from, and who lets which bundle answer."""

import streamlit as st

from annotations.store import Store
from annotations.training_runs import unfinished_run
from ecgcore.errors import EcgError
from pages.parts.bundle_facts import candidate_box, in_use_box
from pages.parts.bundle_files import CHOSEN, ERROR, NOTE, import_box
from pages.parts.decisions import compare_button, decision_box, history_table, rollback_button
from pages.parts.lineage import lineage_box, standing
from pages.parts.storage import person, store
from pages.parts.style import page_head
from trainer.registry import BundleFacts, bundles
from trainer.registry_decisions import history, rollback_target

LIMITS = """
- It says normal, abnormal or refer. It names no diagnosis and rules none out.
- It is made for twelve-lead pages: machine exports, scans, and photos of paper with a printed grid; photos were
  measured on simulated ones. Children's ECGs, paced rhythms and single-lead strips are outside what was measured.
- A probability is calibrated on the data above. Where abnormal pages are rarer or others, it is off.
- Boxes, shares and Grad-CAM show what the networks used. They are hints for a reader, not findings.
- Header and footer of a page never reach a network: a diagnosis printed there neither helps nor is checked.
"""


def say_what_was_done() -> None:
    """The outcome of the last click, once."""
    note, error = st.session_state.pop(NOTE, None), st.session_state.pop(ERROR, None)
    if note is not None:
        st.success(note)
    if error is not None:
        st.error(f"**{error.cause}** {error.next_step}")


def choose(others: list[BundleFacts], words: dict[str, str]) -> BundleFacts:
    """The bundle to look at: the newest candidate, until another is chosen."""
    by_version = {facts.version: facts for facts in others}
    if st.session_state.get(CHOSEN) not in by_version:
        st.session_state[CHOSEN] = next((v for v in by_version if words[v] == "candidate"), others[0].version)
    chosen = st.selectbox(
        "Beside the bundle in use", list(by_version), format_func=lambda v: f"{v} · {words[v]}", key=CHOSEN
    )
    return by_version[chosen]


def models(data: Store) -> None:
    """Everything that needs no name first; the decisions are filled in when the name is known."""
    say_what_was_done()
    in_use_box(data)
    way_back = st.container()
    decisions = history(data)
    st.subheader("Line of descent", anchor=False)
    lineage_box(data, decisions)
    others = [facts for facts in bundles(data) if not facts.is_active]
    chosen = choose(others, {facts.version: standing(facts, decisions) for facts in others}) if others else None
    if chosen is None:
        st.info("There is no other bundle yet. Train one from your corrections, or import one below.")
        st.page_link("pages/training.py", label="Open Training", icon=":material/model_training:")
    else:
        candidate_box(data, chosen)
    deciding = st.container()
    decided, coming = st.tabs(["History", "Import"])
    with decided:
        history_table(decisions)
    with coming:
        import_box(data)
    st.subheader("Limits", anchor=False)
    st.markdown(LIMITS)
    if chosen is None and rollback_target(data) is None:
        return
    with deciding:
        reader = person()
    with way_back:
        rollback_button(data, reader)
    at_work = unfinished_run(data)
    if chosen is not None and (at_work is None or at_work.candidate_version != chosen.version):
        with deciding:
            decision_box(data, chosen, reader)
            compare_button(data, chosen, reader)


page_head("Which model answers, how good is it, and where does it end?")
try:
    models(store())
except EcgError as error:
    st.error(f"**{error.cause}** {error.next_step}")
