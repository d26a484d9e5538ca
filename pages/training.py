"""The Training page: what a run would do, where it stands, and whether the model improved."""

import streamlit as st

from annotations.runs.training_runs import runs
from pages.parts.common.actions import told
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.models.unusable_bundles import unusable_box
from pages.parts.training.one_run import choose_run, show_run
from pages.parts.training.plan import NEW, RUNS, VIEW, plan_box, suggestion
from trainer.jobs import settle
from trainer.jobs.plan import make_plan


def main() -> None:
    """Show the runs that there are, or what a new one would do."""
    page_head("Train on corrected pages, and see whether the model improved")
    data, reader = store(), person()
    with told():
        settle(data)
        unusable_box(data)
        known = runs(data)
        view: str | None = NEW
        if known:
            st.session_state.setdefault(VIEW, RUNS)
            view = st.segmented_control("Show", (RUNS, NEW), required=True, key=VIEW, label_visibility="collapsed")
        if view == RUNS:
            with told():
                suggestion(make_plan(data))
            show_run(data, choose_run(known), reader)
        else:
            plan_box(data, reader)


main()
