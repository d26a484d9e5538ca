"""After a training: the verdict first, then tables and plots, then the pages on which it failed."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from annotations.erasure.mentions import erased_pages
from annotations.readings.snapshots import snapshots
from annotations.runs.training_runs import COMPARED, TrainingRun
from annotations.store import Store
from pages.parts.common.figure_words import PARTS, interval_text
from pages.parts.common.local_time import local_time
from pages.parts.common.page_cards import BOXES, PageCard, page_cards
from pages.parts.common.runs import plots as run_plots
from pages.parts.common.runs.comparison import comparison_banner, comparison_box
from pages.parts.common.runs.page_words import page_words
from pages.parts.common.runs.words import STAGES, duration, recipe_name, stage_name, state_name
from pages.parts.common.score_tables import FIGURE, HELP, fold_rows, stand_on
from pages.parts.common.words import counted, plain
from pages.parts.models.bundle_files import CHOSEN
from pages.parts.models.lineage import status_badge
from trainer.jobs.results import PageResult, Results, results
from trainer.metrics.figures import Figures
from trainer.registry import bundles
from trainer.runs.results import RunSummary

_WORST_SHOWN = 9


def findings(store: Store, run: TrainingRun) -> None:
    """All that a run has found out; what it did not reach is left out."""
    found = results(store, run.id)
    _outcome(store, run)
    if erased := erased_pages(store, run.id):
        were, them = ("was", "it") if erased == 1 else ("were", "them")
        st.caption(
            f"{counted(erased, 'page')} of this training {were} erased since: the figures include {them}, the plots "
            "and lists of pages do not."
        )
    if found.comparison is not None:
        comparison_banner(found.comparison)
    if run.state in COMPARED and st.button(
        "Decide on the Models page", key="training-decide", icon=":material/network_node:",
        type="primary",
    ):  # fmt: skip
        st.session_state[CHOSEN] = run.candidate_version
        st.switch_page("pages/models.py")
    if found.comparison is not None:
        comparison_box(store, found.comparison, f"run-{run.id}")
    if found.summary is not None:
        _figures(found.summary, run)
    if found.pages:
        _plots(found.pages)
        _worst(store, found.pages)
    _circumstances(store, run, found)


def _outcome(store: Store, run: TrainingRun) -> None:
    """How the run ended and what its model is at present, as the Models page tells it."""
    if run.state not in COMPARED:
        return
    facts = next((known for known in bundles(store) if known.version == run.candidate_version), None)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**Run {run.id} · {state_name(run)}.** Model {plain(run.candidate_version)}:", width="content")
        if facts is None:
            st.markdown("its files are missing", width="content")
        else:
            status_badge(facts)


def started_from(summary: RunSummary) -> dict[str, str]:
    """Which model each fold continued from: its number, in words -> the model."""
    bundles_of = [None if fold.start is None else fold.start.bundle for fold in summary.fold_facts]
    return {f"Fold {number} started from": version or "new weights" for number, version in enumerate(bundles_of, 1)}


def _figures(summary: RunSummary, run: TrainingRun) -> None:
    pooled = summary.pooled
    parts = [part for part in PARTS if pooled.get(part)]
    if not parts:
        return
    st.subheader("Cross-validation", anchor=False)
    st.caption(
        "Each page was judged by networks that had not seen its patient. The figures tell what the recipe achieves on "
        "these pages; the model itself was trained on all of them."
    )
    part = st.segmented_control("Network", parts, default=parts[0], format_func=PARTS.__getitem__,
                                key=f"run-{run.id}-figures", label_visibility="collapsed", wrap=True)  # fmt: skip
    st.dataframe(
        fold_rows(pooled, summary.folds, part or parts[0]),
        hide_index=True,
        column_config={FIGURE: st.column_config.TextColumn(pinned=True)},
        height="content",
        alt=f"Cross-validation figures: {PARTS[part or parts[0]]}",
    )
    if words := stand_on(pooled[part or parts[0]]):
        st.caption(f"All folds: {words[0].lower()}{words[1:]}")
    with st.expander("What the figures mean"):
        st.markdown(HELP)
    if sum(name in pooled for name in PARTS if name != "detector") > 1:
        st.markdown("**Does fusion beat its parts?**")
        st.plotly_chart(run_plots.ablation_figure(pooled), key=f"run-{run.id}-ablation", config=run_plots.SHOWN,
                        alt=run_plots.ablation_text(pooled))  # fmt: skip
        st.caption(f"Good is a verdict to the right of all its parts.{plain(_paired(summary.auroc_differences))}")


def _paired(differences: Figures) -> str:
    told = [
        f"fused minus {PARTS.get(name.removeprefix('fused minus '), name)} {interval_text(figure, signed=True)}"
        for name, figure in differences.items()
        if None not in (figure["value"], figure.get("low"), figure.get("high"))
    ]
    return f" AUROC differences on the same pages: {'; '.join(told)}." if told else ""


def _plots(pages: Sequence[PageResult]) -> None:
    st.subheader("Curves of the cross-validation", anchor=False)
    plots = (
        ("roc", "ROC", run_plots.roc_figure,
         "Good is a curve that hugs the upper left corner; the diagonal is chance."),
        ("pr", "Precision and recall", run_plots.precision_recall_figure,
         "Good is a curve that stays high up to the right; the grey line, the share of abnormal pages, is chance."),
        ("reliability", "Reliability", run_plots.reliability_figure,
         "Good lies on the diagonal: of the pages with 0.3, three in ten are abnormal. Below it: over-confident."),
        ("confusion", "Results by label", run_plots.confusion_figure,
         "Good is all in the corners where label and result agree, and little in the middle. An abnormal page called "
         "normal must not happen."),
    )  # fmt: skip
    for row in (plots[:2], plots[2:]):
        for column, (key, title, draw, caption) in zip(st.columns(2, gap="medium"), row, strict=True):
            with column:
                st.markdown(f"**{title}**")
                alt = run_plots.confusion_text(pages) if key == "confusion" else f"{title}. {caption}"
                st.plotly_chart(draw(pages), key=f"plot-{key}", config=run_plots.SHOWN, alt=alt)
                st.caption(caption)


def _worst(store: Store, pages: Sequence[PageResult]) -> None:
    wrong = [page for page in pages if page.distance > 0.5]
    st.subheader("Pages farthest from their label", anchor=False)
    if not wrong:
        st.caption("No page scored nearer to the other label than to its own.")
        return
    st.caption(
        f"{len(wrong)} of {counted(len(pages), 'page')} scored nearer to the other label than to their own: label, "
        f"picture or networks are wrong. {BOXES}"
    )
    page_cards(store, [PageCard(page.image_id, page_words(page)) for page in wrong[:_WORST_SHOWN]], "worst")


def _circumstances(store: Store, run: TrainingRun, found: Results) -> None:
    """What went in and how long it took, so that somebody else can do it again."""
    snapshot = next((s for s in snapshots(store) if s.id == run.snapshot_id), None)
    facts = {
        "Started": f"by {run.person}, {local_time(run.created_at)}",
        "Finished": local_time(run.finished_at) if run.finished_at else "not yet",
        "Trained on": "no snapshot yet"
        if snapshot is None
        else f"snapshot {snapshot.name}, {counted(snapshot.pages, 'page')}",
        "Model in use at the start": run.parent_version,
    }
    if run.kind == "retrain":
        facts |= {
            "Recipe": f"{recipe_name(run.recipe)}, seed {run.seed}, {run.folds} folds, device {run.device}",
            "Networks trained": ", ".join(STAGES.get(stage, stage) for stage in run.stages),
            "Resulting model": run.candidate_version or "none yet",
        }
    summary = found.summary or RunSummary()
    facts |= started_from(summary)
    spent: Counter[str] = Counter()
    for fold in summary.fold_facts:
        spent.update(fold.seconds_of_stages)
    if spent:
        facts["Time of the folds"] = ", ".join(f"{stage_name(s)} {duration(t)}" for s, t in spent.items())
    with st.expander("Details of this run"):
        st.markdown("  \n".join(f"**{name}** {plain(value)}" for name, value in facts.items()))
        if found.left_out:
            st.markdown(f"**{counted(len(found.left_out), 'page')} could not be used**")
            st.dataframe([{"file": file, "reason": reason} for file, reason in found.left_out.items()], hide_index=True)
