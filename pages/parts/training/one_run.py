"""The run that is looked at: which it is, and how it goes or went."""

import streamlit as st

from annotations.runs.training_runs import RESUMABLE, TrainingRun
from annotations.store import Store
from pages.parts.common.runs.progress import follow_box, interrupted_box, progress_parts
from pages.parts.common.runs.words import run_name
from pages.parts.training.findings import findings
from trainer.jobs import status


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
