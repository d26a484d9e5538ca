"""What a model is: the one in use, and any other that is compared with it."""

import streamlit as st

from annotations.runs.training_runs import runs_of_bundle
from annotations.store import Store
from ecgcore.bundle.manifest import read_manifest
from ecgcore.errors import EcgError
from pages.parts.common.local_time import local_time
from pages.parts.common.runs.comparison import comparison_banner, comparison_box
from pages.parts.common.runs.progress import follow_briefly
from pages.parts.common.runs.words import recipe_name
from pages.parts.common.score_tables import FIGURE, score_tables
from pages.parts.common.words import plain
from trainer.registry import BundleFacts, active, bundles, present_version
from trainer.registry.comparisons import comparison_of, newest_comparison


def in_use_box(store: Store) -> None:
    """The model in use: its name, what made it, where it decides, its figures."""
    answering = active(store)
    try:
        manifest = read_manifest(answering.folder)
    except EcgError as error:
        st.error(f"**The model in use cannot be read.** {plain(error.cause)} {plain(error.next_step)}")
        return
    facts = next((known for known in bundles(store) if known.is_active), None)
    st.subheader(f"Model in use: {plain(manifest.version)}", anchor=False)
    if answering.origin == "environment":
        st.info(
            f"The environment variable `ECG_BUNDLE_DIR` names it, whatever is activated here. Without the variable "
            f"**{plain(present_version(store))}** would be in use."
        )
    if facts is not None:
        facts_list(facts)
        with st.expander(f"Performance of {plain(facts.version)}"):
            figures(facts)


def facts_list(facts: BundleFacts) -> None:
    """Recipe, parent, data, weights and thresholds of a model."""
    manifest = read_manifest(facts.folder)
    limits = manifest.thresholds
    told = {
        "Recipe": plain(recipe_name(facts.recipe)),
        "Started from": plain(facts.parent or "random or ImageNet weights"),
        "Training pages": f"{facts.pages:,} (including those of the models it started from{_erased(facts)})",
        "Made": local_time(facts.created_at) if facts.created_at else "not recorded",
        "Weights": f"{facts.size_mb:.1f} MB, {len(manifest.weights)} networks",
        "Called normal": f"below {limits.p_normal_below:.2f}",
        "Called abnormal": f"from {limits.p_abnormal_from:.2f}; between the two: refer",
    }
    st.markdown("  \n".join(f"**{name}** {value}" for name, value in told.items()))


def _erased(facts: BundleFacts) -> str:
    return f", and {facts.erased_pages:,} erased since" if facts.erased_pages else ""


def figures(facts: BundleFacts) -> None:
    """The figures that a model carries, a table a data set."""
    tables = list(score_tables(facts.metrics))
    for title, rows in tables:
        if title:
            st.markdown(f"**{plain(title)}**")
        st.dataframe(rows, hide_index=True, width="stretch", height="content", alt=f"Performance: {title}",
                     column_config={FIGURE: st.column_config.TextColumn(pinned=True)})  # fmt: skip
    if tables:
        st.caption(
            "In brackets: the 95 % interval, bootstrapped by patient. Sensitivity is the share of the abnormal pages "
            "that are not called normal: a referred page counts as found. 1 is best, but 0 for Brier score, ECE and "
            "refer rate. An accuracy means something only above the majority rate. An uncorrected ECE, as earlier "
            "versions measured it, is too high by what chance alone adds."
        )
    else:
        st.info(
            "This model comes without figures. Measure it with `python -m trainer eval` on pages it was not trained on."
        )


def candidate_box(store: Store, facts: BundleFacts) -> None:
    """A model that is not in use, beside the one that is."""
    at_work = next((run for run in runs_of_bundle(store, facts.version) if run.is_unfinished), None)
    if at_work is not None:
        follow_briefly(store, at_work.id)
    present = present_version(store)
    comparison = comparison_of(store, facts.version, present)
    if comparison is None and at_work is None:
        st.info(
            f"It was not compared with {plain(present)}, the model in use. Compare it first; then a person can decide."
        )
        comparison = newest_comparison(store, facts.version)
        if comparison is not None:
            st.caption(f"Below: its comparison with {plain(comparison.active)}, which was in use then.")
    if comparison is not None:
        comparison_banner(comparison)
        comparison_box(store, comparison, f"bundle-{facts.version}")
    with st.expander(f"About {plain(facts.version)}"):
        facts_list(facts)
        figures(facts)
