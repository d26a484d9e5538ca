"""The Models page: the model in use and its limits, its history, and who puts which model in use."""

import streamlit as st

from annotations.runs.training_runs import unfinished_run
from annotations.store import Store
from pages.parts.common.actions import tell, told
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.common.words import plain
from pages.parts.models.bundle_files import CHOSEN, ERROR, NOTE, import_box
from pages.parts.models.bundle_info import candidate_box, in_use_box
from pages.parts.models.decisions import compare_button, decision_box, history_table, rollback_button
from pages.parts.models.lineage import lineage_box, standing_badge
from pages.parts.models.unusable_bundles import unusable_box
from trainer.registry import BundleFacts, bundles
from trainer.registry.activation import history, rollback_target

LIMITS = """
- The result is normal, abnormal or refer. The model names no diagnosis and rules none out.
- It is intended for twelve-lead pages: machine exports, scans, and photos of paper with a printed grid; photos were
  measured on simulated ones. Children's ECGs, paced rhythms and single-lead strips were not measured.
- Probabilities are calibrated on the data above. Where abnormal pages are rarer or of another kind, they are off.
- Boxes, shares and Grad-CAM show what the networks used. They are hints for a reader, not findings.
- Header and footer of a page never reach a network: a diagnosis printed there neither helps nor is checked.
"""


def say_what_was_done() -> None:
    """The outcome of the last click, once."""
    note, error = st.session_state.pop(NOTE, None), st.session_state.pop(ERROR, None)
    if note is not None:
        st.success(plain(note))
    if error is not None:
        tell(error)


def choose(others: list[BundleFacts]) -> BundleFacts:
    """The model to compare: the newest candidate, until another is chosen."""
    by_version = {facts.version: facts for facts in others}
    if st.session_state.get(CHOSEN) not in by_version:
        newest = next((facts for facts in others if facts.standing == "candidate"), others[0])
        st.session_state[CHOSEN] = newest.version
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # What a model is at present stands beside the box: the box would go on showing what it was when chosen.
        chosen = by_version[st.selectbox("Compare with the model in use", list(by_version), key=CHOSEN)]
        standing_badge(chosen)
    return chosen


def models(data: Store) -> None:
    """Everything that needs no name first; the decisions are filled in when the name is known."""
    say_what_was_done()
    unusable_box(data)
    in_use_box(data)
    way_back = st.container()
    decisions = history(data)
    st.subheader("Model history", anchor=False)
    lineage_box(data)
    others = [facts for facts in bundles(data) if not facts.is_active]
    chosen = choose(others) if others else None
    if chosen is None:
        st.info("There is no other model yet. Train one on your corrections, or import one below.")
        st.page_link("pages/training.py", label="Open Training", icon=":material/model_training:")
    else:
        candidate_box(data, chosen)
    deciding = st.container()
    # By the key the chosen tab stays chosen when something comes or goes above the tabs.
    decided, coming = st.tabs(["Activations", "Import"], key="models-tab", on_change="rerun")
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


page_head("Model in use, performance and limits")
with told():
    models(store())
