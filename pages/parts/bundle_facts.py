"""What a bundle is: the one that answers, and any other that is looked at."""

import streamlit as st

from annotations.store import Store
from annotations.training_runs import runs_of_bundle
from ecgcore.errors import EcgError
from ecgcore.manifest import read_manifest
from pages.parts.comparison import comparison_banner, comparison_box
from pages.parts.run_follow import follow_briefly
from pages.parts.run_words import day_and_time
from pages.parts.scores import score_tables
from trainer.jobs_results import results
from trainer.registry import BundleFacts, active, bundles, present_version


def in_use_box(store: Store) -> None:
    """The bundle that answers: its name, what made it, where it decides, its figures."""
    answering = active(store)
    try:
        manifest = read_manifest(answering.folder)
    except EcgError as error:
        st.error(f"**The bundle in use cannot be read.** {error.cause} {error.next_step}")
        return
    facts = next((known for known in bundles(store) if known.is_active), None)
    st.subheader(f"Bundle {manifest['version']} answers", anchor=False)
    if answering.origin == "environment":
        st.info(
            f"The environment variable `ECG_BUNDLE_DIR` names it, whatever is activated here. Without the variable "
            f"**{present_version(store)}** answers."
        )
    if facts is not None:
        facts_list(facts)
        with st.expander(f"Figures of {facts.version}"):
            figures(facts)


def facts_list(facts: BundleFacts) -> None:
    """Recipe, parent, data, weights and thresholds of a bundle."""
    limits = read_manifest(facts.folder).get("thresholds", {})
    told = {
        "Recipe": facts.recipe or "not recorded",
        "Started from": facts.parent or "random or ImageNet weights",
        "Training pages": f"{facts.pages:,}, its parents' included",
        "Made": day_and_time(facts.created_at) if facts.created_at else "not recorded",
        "Weights": f"{facts.size_mb:.1f} MB, four networks",
    }
    if {"p_normal_below", "p_abnormal_from"} <= limits.keys():
        told["Called normal"] = f"below {limits['p_normal_below']:.2f}"
        told["Called abnormal"] = f"from {limits['p_abnormal_from']:.2f}; between the two the answer is refer"
    st.markdown("  \n".join(f"**{name}** {value}" for name, value in told.items()))


def figures(facts: BundleFacts) -> None:
    """The figures that a bundle carries, a table a data set."""
    tables = list(score_tables(facts.metrics))
    for title, rows in tables:
        if title:
            st.markdown(f"**{title}**")
        st.dataframe(rows, hide_index=True, width="stretch", height="content")
    if tables:
        st.caption(
            "In brackets: the 95 % interval, bootstrapped by group (patient). 1 is best, but 0 for Brier score, ECE "
            "and refer rate. An accuracy means something only above the majority rate."
        )
    else:
        st.info(
            "This bundle carries no figures. Measure it with `python -m trainer eval` on pages that it has not seen."
        )


def candidate_box(store: Store, facts: BundleFacts) -> None:
    """A bundle that is not in use, beside the one that is."""
    made_by = runs_of_bundle(store, facts.version)
    at_work = next((run for run in made_by if run.is_unfinished), None)
    if at_work is not None:
        follow_briefly(store, at_work.id)
    found = (results(store, run.id).comparison for run in made_by)
    comparison = next((one for one in found if one is not None), None)
    if comparison is not None:
        if comparison.get("active") != present_version(store):
            st.caption(f"It was compared with {comparison.get('active')}, which is not in use now.")
        comparison_banner(comparison)
        comparison_box(store, comparison, f"bundle-{facts.version}")
    elif at_work is None:
        st.info("It was not compared with the bundle in use. Compare it first; then a person can decide.")
    with st.expander(f"About {facts.version}"):
        facts_list(facts)
        figures(facts)
