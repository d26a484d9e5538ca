"""The Training page: what a run would do, where it stands, and whether the model improved."""

import streamlit as st

from annotations.runs.training_runs import RESUMABLE, TrainingRun, runs
from annotations.store import Store
from pages.parts.common.actions import told
from pages.parts.common.runs.progress import follow_box, interrupted_box, progress_parts
from pages.parts.common.runs.words import run_name
from pages.parts.common.session_store import person, store
from pages.parts.common.style import page_head
from pages.parts.models.unusable_bundles import unusable_box
from pages.parts.training.findings import findings
from pages.parts.training.plan import NEW, RUNS, VIEW, plan_box, suggestion
from trainer.jobs import settle, status
from trainer.jobs.plan import make_plan


def choose_run(known: list[TrainingRun]) -> TrainingRun:
    """The run to show: the newest, until another is chosen."""
    by_id = {run.id: run for run in known}
    if len(known) == 1:
        return known[0]
    chosen = st.selectbox(
        "Run",
        list(by_id),
        format_func=lambda run_id: run_name(by_id[run_id]),
        key="training-run",
        persist_state="session",
    )
    return by_id[chosen]


def show_run(data: Store, run: TrainingRun, reader: str) -> None:
    """One run, at work, interrupted or finished."""
    if run.is_unfinished:
        follow_box(data, run.id, reader)
        return
    seen = status(data, run.id)
    assert seen is not None  # its row was just read
    if run.state in RESUMABLE:
        interrupted_box(data, seen, reader)
        progress_parts(data, seen)
    findings(data, run)


page_head("Train on corrected pages, and see whether the model improved")
data_store = store()
reader_name = person()
with told():
    settle(data_store)
    unusable_box(data_store)
    all_runs = runs(data_store)
    view: str | None = NEW
    if all_runs:
        st.session_state.setdefault(VIEW, RUNS)
        view = st.segmented_control("Show", (RUNS, NEW), required=True, key=VIEW, label_visibility="collapsed")
    if view == RUNS:
        with told():
            suggestion(make_plan(data_store))
        show_run(data_store, choose_run(all_runs), reader_name)
    else:
        plan_box(data_store, reader_name)
