"""Which run is looked at."""

import streamlit as st

from annotations.runs.training_runs import TrainingRun
from pages.parts.common.runs.words import run_name


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
