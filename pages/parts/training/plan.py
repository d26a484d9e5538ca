"""Before a training: what it would do and use, what is missing, how long it takes, and Start."""

from dataclasses import dataclass

import streamlit as st

from annotations.readings.snapshots import Snapshot, snapshots
from annotations.runs.training_runs import unfinished_run
from annotations.store import Store
from ecgcore.errors import EcgError
from pages.parts.common.actions import show_error
from pages.parts.common.runs.words import RECIPE_HELP, STAGES, duration, recipe_name
from pages.parts.common.words import counted, error_text, plain
from trainer.jobs import reconcile, start
from trainer.jobs.plan import Estimate, PageCounts, Plan, estimate, make_plan
from trainer.registry import present_version

OFFERED = ("quick", "patent")
VIEW, RUNS, NEW = "training-view", "Runs", "New run"
"""Key and choices of the switch on the Training page."""

_ERROR = "training-start-error"


def suggestion(plan: Plan) -> None:
    """Say when enough is new to train again; nothing starts by itself."""
    if plan.is_suggested:
        st.info(
            f"**{counted(plan.new_pages or 0, 'page')} corrected since the last run.** Training again may help.",
            icon=":material/lightbulb:",
        )


def plan_box(store: Store, person: str) -> None:
    """The choices, the plan that follows from them, and Start."""
    choices = _choices(store)
    plan = make_plan(
        store, snapshot_id=choices.snapshot_id, recipe=choices.recipe, stages=choices.stages, folds=choices.folds
    )
    suggestion(plan)
    for problem in plan.problems:
        st.info(error_text(problem), icon=":material/block:")
    if plan.problems:
        st.page_link("pages/review.py", label="Open Review", icon=":material/draw:")
    else:
        st.markdown(sentence(plan, estimate(store, plan, choices.device), present_version(store)))
        if plan.fresh_folds:
            st.warning(fresh_start(plan), icon=":material/restart_alt:")
    reconcile(store)
    at_work = unfinished_run(store)
    if at_work is not None:
        st.info(f"Run {at_work.id} is in progress. Only one training runs at a time.")
    elif not plan.stages:
        st.info("Choose at least one network to train.")
    st.button(
        "Start",
        key="training-start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=bool(plan.problems) or at_work is not None or not plan.stages,
        on_click=_start,
        args=(store, person, choices),
        help="It runs as a process of its own: the browser and this app may be closed meanwhile.",
    )
    error: EcgError | None = st.session_state.pop(_ERROR, None)
    if error is not None:
        show_error(error)
    if plan.train.pages or plan.held_out.pages:
        _uses(plan)


def sentence(plan: Plan, time: Estimate, in_use: str) -> str:
    """What will happen, and how long it will take."""
    networks = "all networks" if len(plan.stages) == len(STAGES) else _and([STAGES[s] for s in plan.stages])
    return (
        f"A run trains **{networks}** in {plan.folds} folds and then once more on "
        f"**all {counted(plan.train.pages, 'page')}**, and compares the result with **{plain(in_use)}**.  \n"
        + time_words(time)
    )


def time_words(time: Estimate) -> str:
    """How long it takes, and how far that can be trusted."""
    span = f"{duration(time.low)} to {duration(time.high)}"
    if time.source == "measured":
        return f":material/schedule: **About {duration(time.likely)}** ({span}), from this machine's earlier trainings."
    return (
        f":material/schedule: **Roughly {duration(time.likely)}** ({span}): nothing was trained here yet. "
        "The time left is corrected while it runs."
    )


def fresh_start(plan: Plan) -> str:
    """Which folds cannot go on from a bundle, and what would help."""
    numbers = [str(number) for number in plan.fresh_folds]
    which = f"Fold {numbers[0]} starts" if len(numbers) == 1 else f"Folds {_and(numbers)} start"
    if len(numbers) == sum(fold.pages > 0 for fold in plan.folds_of):
        which = "All folds start"
    return (
        f"**{which} with new networks**, which need many pages: the model in use was trained on pages that validate "
        "them. If there is an ancestor of it that was not, import it on Models first."
    )


@dataclass(frozen=True)
class _Choices:
    """What a person chose; None for the snapshot stands for what holds when the run starts."""

    snapshot_id: int | None
    recipe: str
    stages: tuple[str, ...]
    folds: int
    seed: int
    device: str


def _choices(store: Store) -> _Choices:
    taken: list[Snapshot | None] = [None, *snapshots(store)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        snapshot = st.selectbox(
            "Train on",
            taken,
            format_func=lambda s: "Current labels" if s is None else f"Snapshot {s.name}",
            key="training-snapshot",
            width=280,
            help="A snapshot of the current labels is created when the run starts.",
        )
        recipe = st.segmented_control(
            "Recipe", OFFERED, default=OFFERED[0], required=True, format_func=recipe_name, key="training-recipe",
            wrap=True,
            help="  \n".join(f"**{recipe_name(name)}**: {RECIPE_HELP[name]}." for name in OFFERED),
        )  # fmt: skip
        stages = st.pills(
            "Networks to train", list(STAGES), selection_mode="multi", default=list(STAGES),
            format_func=STAGES.__getitem__, key="training-stages", wrap=True,
            help="The others are taken over from the model in use.",
        )  # fmt: skip
    with st.expander("More choices"), st.container(horizontal=True):
        folds = st.number_input(
            "Folds", 2, 5, 5, key="training-folds", width=180,
            help="Of the cross-validation. Fewer are quicker and give wider intervals. A patient's fold never changes.",
        )  # fmt: skip
        seed = st.number_input(
            "Seed", 0, 2**31 - 1, 0, key="training-seed", width=180, help="The same seed gives the same run again."
        )
        device = st.selectbox(
            "Device", ("auto", "cpu", "cuda"), key="training-device", width=180,
            help="auto uses a graphics card if there is one.",
        )  # fmt: skip
    return _Choices(
        snapshot_id=None if snapshot is None else snapshot.id,
        recipe=str(recipe),
        stages=tuple(stage for stage in STAGES if stage in stages),
        folds=int(folds),
        seed=int(seed),
        device=device,
    )


def _start(store: Store, person: str, choices: _Choices) -> None:
    try:
        run = start(
            store,
            by=person,
            recipe=choices.recipe,
            stages=choices.stages,
            folds=choices.folds,
            seed=choices.seed,
            device=choices.device,
            snapshot_id=choices.snapshot_id,
        )
    except EcgError as error:
        st.session_state[_ERROR] = error
    else:
        st.session_state[VIEW] = RUNS
        st.session_state["training-run"] = run.id


def _uses(plan: Plan) -> None:
    """The table of what goes where, and what is left out."""
    rows = {"Training total": plan.train}
    rows |= {f"Fold {number}": count for number, count in enumerate(plan.folds_of, 1)}
    rows["Permanent test set"] = plan.held_out
    st.dataframe(
        [_row(name, count) for name, count in rows.items()],
        hide_index=True,
        column_config={"Pages of": st.column_config.TextColumn(pinned=True)},
        alt="Pages of the training total, of each fold and of the permanent test set, by label",
    )
    st.caption(
        "Each fold is validated by networks trained on the other folds only; all pages of a patient are always in the "
        "same fold. The permanent test set is only used to measure, at the end."
    )
    for note in plan.notes:
        st.caption(f":material/info: {plain(note)}")
    if plan.skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in plan.skipped.items())
        st.caption(f":material/filter_alt_off: Pages not used: {plain(reasons)}.")


def _row(name: str, count: PageCounts) -> dict[str, str | int]:
    return {
        "Pages of": name,
        "pages": count.pages,
        "normal": count.normal,
        "abnormal": count.abnormal,
        "patients": count.groups,
        "all beats boxed": count.boxed,
        "beats": count.beats,
    }


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
