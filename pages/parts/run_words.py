"""Trainings in plain words: their states, stages, times and names."""

from datetime import datetime
from typing import Any

from annotations.training_runs import TrainingRun
from pages.parts.scores import PARTS

STAGES = {
    "detector": PARTS["detector"],
    "local": PARTS["local"],
    "global": PARTS["global"],
    "fusion": PARTS["fused"],
}

STATES = {
    "queued": "waits to start",
    "snapshotting": "freezes its pages",
    "running": "trains",
    "evaluating": "measures",
    "candidate": "finished, its bundle is a candidate",
    "active": "finished, its bundle is in use",
    "rejected": "finished, its bundle was rejected",
    "failed": "failed",
    "cancelled": "was stopped",
    "interrupted": "broke off",
}

RECIPES = {
    "quick": "goes on from the bundle in use; what learnt fastest in our measurements",
    "patent": "as published in CN110731773A: up to 100 epochs a stage, for a computer with a graphics card",
    "tiny": "two steps a stage, for tests",
}

_OTHER_STEPS = {
    "fusion-joint": "all networks together",
    "looking": "finds beats and judges pages",
    "fold": "finished",
    "final": "finished",
}

PARTS_OF_A_RUN = {"prepare": "reads the pages", "final": "final training on all pages", "comparison": "comparison"}


def duration(seconds: float) -> str:
    """A time span with the digits that mean something: "20 s", "35 min", "1 h 40 min", "26 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes >= 600:
        return f"{round(minutes / 60)} h"
    hours, minutes = divmod(5 * round(minutes / 5), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def day_and_time(at: str | None) -> str:
    """A stored time as "25 Nov 2026, 17:53 UTC"; "unknown" for None."""
    return "unknown" if at is None else f"{datetime.fromisoformat(at):%-d %b %Y, %H:%M} UTC"


def day(at: str | None) -> str:
    """A stored time as "25 Nov 2026"; "undated" for None."""
    return "undated" if at is None else f"{datetime.fromisoformat(at):%-d %b %Y}"


def run_name(run: TrainingRun) -> str:
    """One line that tells a run from the others."""
    what = f"recipe {run.recipe}" if run.kind == "retrain" else f"comparison of {run.candidate_version}"
    return f"Run {run.id} · {what} · {day(run.created_at)} · {STATES[run.state]}"


def stage_name(stage: str) -> str:
    """A stage, or another step of a training, in words."""
    return STAGES.get(stage) or _OTHER_STEPS.get(stage, stage)


def where_it_stands(progress: dict[str, Any]) -> str:
    """The newest step of a run, as in "Fold 2 of 5 · beats · epoch 3 of 6"."""
    part, stage = progress.get("part", ""), progress.get("stage", "")
    words = [PARTS_OF_A_RUN.get(part, "")]
    if part == "folds" and progress.get("fold") is not None:
        words = [f"fold {progress['fold'] + 1} of {progress.get('folds', '?')}"]
    if part in ("folds", "final"):
        words.append(stage_name(stage))
    for counter in ("epoch", "step"):
        if progress.get(counter) is not None and progress.get(f"{counter}s") is not None:
            words.append(f"{counter} {progress[counter]} of {progress[f'{counter}s']}")
    told = " · ".join(word for word in words if word) or "starts"
    return told[0].upper() + told[1:]
