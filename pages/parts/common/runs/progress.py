"""During a training: where it stands, its curves, the time left, Stop; and what to do when it was interrupted."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from annotations.runs.training_runs import TrainingRun
from annotations.store import Store
from pages.parts.common.actions import attempt
from pages.parts.common.local_time import local_time
from pages.parts.common.runs.plots import SHOWN, loss_figure, loss_text
from pages.parts.common.runs.words import STAGES, duration, stage_name, state_name, where_it_stands
from pages.parts.common.style import BLUE, GREEN, GREY
from pages.parts.common.words import plain
from trainer.jobs import Status, resume, status, stop
from trainer.jobs.results import curves, ends
from trainer.progress import ProgressEvent

EVERY_S = 1.0


def follow_box(store: Store, run_id: int, person: str) -> None:
    """The run at work, refreshed every second until it ends; then the page is drawn anew.

    Args:
        store: where.
        run_id: number of the run.
        person: who looks, and may stop it.
    """
    st.fragment(_follow, run_every=EVERY_S)(store, run_id, person)


def follow_briefly(store: Store, run_id: int) -> None:
    """A bar alone, for a page that is about something else.

    Args:
        store: where.
        run_id: number of the run.
    """

    def bar() -> None:
        run_status = status(store, run_id)
        if run_status is None or not run_status.is_alive:
            st.rerun()
        st.progress(min(1.0, run_status.progress.share), text=f"Run {run_id}: {plain(_headline(run_status))}")

    st.fragment(bar, run_every=EVERY_S)()


def _follow(store: Store, run_id: int, person: str) -> None:
    run_status = status(store, run_id)
    if run_status is None or not run_status.is_alive:
        st.rerun()
    st.progress(min(1.0, run_status.progress.share), text=plain(_headline(run_status)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{plain(_facts(run_status))}  \nStarted by {plain(run_status.run.person)}, "
            f"{local_time(run_status.run.created_at)}.",
            width="stretch",
        )
        _stop_button(store, run_status.run, person)
    progress_parts(store, run_status)


def progress_parts(store: Store, run_status: Status) -> None:
    """The grid of folds and stages, the loss curves and the log, of a run at work or of an interrupted one.

    Args:
        store: where.
        run_status: where the run stands.
    """
    run = run_status.run
    if run.kind == "retrain" and run.stages:
        st.html(
            grid_html(run, ends(store, run.id), run_status.progress.newest if run_status.is_alive else ProgressEvent())
        )
        _curves(store, run)
    with st.expander("Log"):
        st.code(run_status.log or "The log is empty.", language=None, height=260)


def interrupted_box(store: Store, run_status: Status, person: str) -> None:
    """Why a run is not finished, and the button that continues it.

    Args:
        store: where.
        run_status: where the run stands.
        person: who looks, and may resume it.
    """
    run = run_status.run
    words = f"**Run {run.id} · {state_name(run)}.** {plain(run.message)}"
    (st.error if run.state == "failed" else st.warning)(words, icon=":material/warning:")
    if st.button("Resume", key="training-resume", type="primary", icon=":material/resume:",
                 help="Finished folds and stages are kept; it continues with the next.") :  # fmt: skip
        attempt(lambda: resume(store, run.id, by=person))


def grid_html(run: TrainingRun, ended: Sequence[ProgressEvent], newest: ProgressEvent) -> str:
    """Folds by stages as a table that fills; a sign and a word say what the colour says.

    Args:
        run: with its folds and stages.
        ended: the ends of stages and folds so far.
        newest: what it told last.
    """
    seconds, finished = _finished(ended)
    at = _place(newest)
    rows = [("folds", fold, f"Fold {fold + 1}") for fold in range(run.folds)] + [("final", None, "All pages")]
    head = "".join(f'<th scope="col" style="{_CELL}">{STAGES[stage]}</th>' for stage in run.stages)
    body = ""
    for part, fold, name in rows:
        body += f'<tr><th scope="row" style="{_CELL};text-align:left">{name}</th>'
        for stage in run.stages:
            place = (part, fold, stage)
            if place == at:
                of = "?" if newest.epochs is None else newest.epochs
                epoch = f"{newest.epoch}/{of}" if newest.epoch else "running"
                body += _cell(BLUE, "▶", epoch, "running")
            elif place in seconds or (part, fold) in finished:
                body += _cell(GREEN, "✓", duration(seconds[place]) if place in seconds else "done", "done")
            else:
                body += _cell(GREY, "·", "", "not started")
        body += "</tr>"
    return (
        '<div style="overflow-x:auto" tabindex="0"><table aria-label="Progress by fold and stage" '
        'style="border-collapse:separate;border-spacing:3px;font-size:.85rem;min-width:20rem;max-width:60rem;width:100%">'
        f"<tr><td></td>{head}</tr>{body}</table></div>"
    )


_CELL = "padding:4px 5px;font-weight:400;text-align:center;white-space:nowrap"


def _cell(colour: str, sign: str, words: str, state: str) -> str:
    fill = colour.replace("rgb", "rgba").replace(")", ", .22)") if state != "not started" else "transparent"
    return (
        f'<td title="{state}" style="{_CELL};border:1px solid {colour};border-radius:4px;background:{fill}">'
        f"{sign} {escape(words)}</td>"
    )


_Place = tuple[str | None, int | None, str]
"""Part of a run, fold, and the stage that stands in the grid."""


def _place(event: ProgressEvent) -> _Place:
    return event.part, event.fold, event.stage.removesuffix("-joint")


def _finished(ended: Sequence[ProgressEvent]) -> tuple[dict[_Place, float], set[tuple[str, int | None]]]:
    """Seconds of every finished stage, and the finished folds."""
    seconds: dict[_Place, float] = {}
    folds: set[tuple[str, int | None]] = set()
    for event in ended:
        if event.stage == "fold":
            folds.add(("folds", event.fold))
        else:
            seconds[_place(event)] = seconds.get(_place(event), 0.0) + (event.seconds or 0.0)
    return seconds, folds


def _headline(run_status: Status) -> str:
    if run_status.run.state in ("queued", "snapshotting"):
        return state_name(run_status.run)
    left = run_status.progress.seconds_left
    time = " · estimating the time left" if left is None else f" · about {duration(left)} left"
    return f"{where_it_stands(run_status.progress.newest)}{time}"


def _facts(run_status: Status) -> str:
    stands = run_status.progress
    facts = [f"running for {duration(stands.seconds)}"] if stands.seconds else []
    if stands.seconds and stands.seconds_left is not None:
        facts = [f"{facts[0]} of about {duration(stands.seconds + stands.seconds_left)}"]
    facts += [f"loss {stands.newest.loss:.3f}"] if stands.newest.loss is not None else []
    facts += [f"memory {stands.memory_mb / 1000:.1f} GB"] if stands.memory_mb else []
    facts += [stands.newest.message] if stands.newest.message else []
    return " · ".join(facts) or "The first figures will follow shortly."


def _stop_button(store: Store, run: TrainingRun, person: str) -> None:
    if run.stop_requested:
        st.caption("Stopping after the current step.")
        return
    with st.popover("Stop", icon=":material/stop:", key="training-stop-ask"):
        st.markdown("Stop this run? Finished folds and stages are kept, and it can be resumed later.")
        if st.button("Stop run", key="training-stop", type="primary"):
            stop(store, run.id, by=person)
            st.rerun()


def _curves(store: Store, run: TrainingRun) -> None:
    epochs = curves(store, run.id)
    if not epochs:
        return
    reached = [epoch.stage for epoch in epochs]
    trained = [stage for stage in dict.fromkeys([*STAGES, *reached]) if stage in reached]
    newest = reached[-1]
    chosen = st.segmented_control(
        "Loss curves of",
        trained,
        default=newest,
        format_func=lambda stage: plain(stage_name(stage)),
        key=f"curves-{run.id}",
        wrap=True,
    )
    st.plotly_chart(loss_figure(epochs, chosen or newest), key=f"loss-{run.id}", config=SHOWN,
                    alt=loss_text(epochs, chosen or newest))  # fmt: skip
    if (chosen or newest) == "detector":
        st.caption(
            "Dotted: training loss. Solid: share of beats missed or wrong on validation pages (1 - F1 at IoU 0.7). "
            "Both should fall; a solid line that rises again means overfitting: more boxed pages help, not more epochs."
        )
        return
    st.caption(
        "Good curves fall and then level off, validation (solid) close to training (dotted). A validation loss that "
        "rises while the training loss falls means overfitting: more pages help then, more epochs do not."
    )
