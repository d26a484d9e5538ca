"""The Models page: the model in use and its limits, its history, and who puts which model in use."""

import streamlit as st

from annotations.runs.training_runs import unfinished_run
from pages.parts.common.actions import errors_shown
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.models.bundle_files import import_box
from pages.parts.models.bundle_info import candidate_box, in_use_box
from pages.parts.models.chosen import choose_model, say_what_was_done
from pages.parts.models.decisions import compare_button, decision_box, history_table, rollback_button
from pages.parts.models.limits import LIMITS
from pages.parts.models.lineage import lineage_box
from pages.parts.models.unusable_bundles import unusable_box
from trainer.registry import bundles
from trainer.registry.activation import history, rollback_target


def main() -> None:
    """Show everything that needs no name first; the decisions are filled in when the name is known."""
    page_head("Model in use, performance and limits")
    with errors_shown():
        data = store()
        say_what_was_done()
        unusable_box(data)
        in_use_box(data)
        way_back = st.container()
        decisions = history(data)
        st.subheader("Model history", anchor=False)
        lineage_box(data)
        others = [facts for facts in bundles(data) if not facts.is_active]
        chosen = choose_model(others) if others else None
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


main()
