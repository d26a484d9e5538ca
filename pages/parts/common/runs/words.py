"""Trainings in plain words: their states, stages, times and names."""

from annotations.runs.training_runs import TrainingRun
from pages.parts.common.figure_words import PARTS
from pages.parts.common.local_time import local_time
from trainer.progress import ProgressEvent

STAGES = {
    "detector": PARTS["detector"],
    "local": PARTS["local"],
    "global": PARTS["global"],
    "waveform": PARTS["waveform"],
    "fusion": PARTS["fused"],
}

_STATES = {
    "queued": "Queued",
    "snapshotting": "Taking a snapshot",
    "running": "Training",
    "evaluating": "Comparing",
    "failed": "Failed",
    "cancelled": "Stopped",
    "interrupted": "Interrupted",
}

RECIPES = {
    "quick": "Fine-tune",
    "patent": "Full training (GPU)",
    "tiny": "Test run",
}
RECIPE_HELP = {
    "quick": "continues from the model in use; the recipe that learnt fastest in our measurements",
    "patent": "as published in CN110731773A: up to 100 epochs a stage, for a computer with a graphics card",
}

_OTHER_STEPS = {
    "fusion-joint": "all networks together",
    "looking": "detecting beats and scoring pages",
    "fold": "finished",
    "final": "finished",
}

PARTS_OF_A_RUN = {
    "prepare": "preparing the pages",
    "final": "final training on all pages",
    "comparison": "comparing with the model in use",
}


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


def recipe_name(recipe: str) -> str:
    """A recipe as the pages call it; another program's keeps its own name."""
    return RECIPES.get(recipe, recipe) or "not recorded"


def state_name(run: TrainingRun) -> str:
    """What a run does or how it ended; what became of its model is ``BundleFacts.status`` and told beside it."""
    return _STATES.get(run.state, "Finished")


def run_name(run: TrainingRun) -> str:
    """One line that tells a run from the others.

    It holds nothing that may change: a select box goes on showing the words that were chosen, whatever came since.
    """
    what = recipe_name(run.recipe) if run.kind == "retrain" else f"comparison of {run.candidate_version}"
    return f"Run {run.id} · {what} · {local_time(run.created_at)}"


def stage_name(stage: str) -> str:
    """A stage, or another step of a training, in words."""
    return STAGES.get(stage) or _OTHER_STEPS.get(stage, stage)


def where_it_stands(newest: ProgressEvent) -> str:
    """The newest step of a run, as in "Fold 2 of 5 · beats · epoch 3 of 6"."""
    words = [PARTS_OF_A_RUN.get(newest.part or "", "")]
    if newest.part == "folds" and newest.fold is not None:
        words = [f"fold {newest.fold + 1} of {'?' if newest.folds is None else newest.folds}"]
    if newest.part in ("folds", "final"):
        words.append(stage_name(newest.stage))
    for counter, number, of in (("epoch", newest.epoch, newest.epochs), ("step", newest.step, newest.steps)):
        if number is not None and of is not None:
            words.append(f"{counter} {number} of {of}")
    text = " · ".join(word for word in words if word) or "starting"
    return text[0].upper() + text[1:]
