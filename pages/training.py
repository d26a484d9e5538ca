"""The Training page: what a run would do, where it stands, and whether the model improved."""

import streamlit as st

from annotations.runs.training_runs import RESUMABLE, runs
from pages.parts.common.actions import errors_shown
from pages.parts.common.runs.progress import follow_box, interrupted_box, progress_parts
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.models.unusable_bundles import unusable_box
from pages.parts.training.findings import findings
from pages.parts.training.plan import NEW, RUNS, VIEW, plan_box, suggestion
from pages.parts.training.run_choice import choose_run
from trainer.jobs import reconcile, status
from trainer.jobs.plan import make_plan


def main() -> None:
    """Show the runs that there are, or what a new one would do."""
    page_head("Train on corrected pages, and see whether the model improved")
    data, reader = store(), person()
    with errors_shown():
        reconcile(data)
        unusable_box(data)
        known = runs(data)
        view: str | None = NEW
        if known:
            st.session_state.setdefault(VIEW, RUNS)
            view = st.segmented_control("Show", (RUNS, NEW), required=True, key=VIEW, label_visibility="collapsed")
        if view == NEW:
            plan_box(data, reader)
            return
        with errors_shown():
            suggestion(make_plan(data))
        run = choose_run(known)
        if run.is_unfinished:
            follow_box(data, run.id, reader)
            return
        seen = status(data, run.id)
        assert seen is not None  # its row was just read
        if run.state in RESUMABLE:
            interrupted_box(data, seen, reader)
            progress_parts(data, seen)
        findings(data, run)


main()
