"""The model page: what the bundle in use is, how well it did on pages it had not seen, and where its limits are."""

import streamlit as st

from pages.parts.bundles import active_bundle
from pages.parts.scores import score_tables
from pages.parts.style import page_head

LIMITS = """
- It says normal, abnormal or refer. It names no diagnosis and rules none out.
- It is made for twelve-lead pages: machine exports, clean scans and drawn pages. Photos of crumpled, shaded or slanted
  paper, children's ECGs, paced rhythms and single-lead strips are outside what it was measured on.
- A probability is calibrated on the data above. Where abnormal pages are rarer or others, it is off.
- Boxes, shares and Grad-CAM show what the networks used. They are hints for a reader, not findings.
- Header and footer of a page never reach a network: a diagnosis printed there neither helps nor is checked.
"""

page_head("Which model answers, how good is it, and where does it end?")
bundle = active_bundle()
manifest, operating = bundle.manifest, bundle.operating

st.subheader(f"Bundle {bundle.version}", anchor=False)
size_mb = sum(entry.get("bytes", 0) for entry in manifest["weights"].values()) / 1e6
facts = {
    "Recipe": str(manifest.get("recipe", {}).get("name", "not recorded")),
    "Started from": manifest.get("parent") or "random or ImageNet weights",
    "Training pages": f"{len(manifest['seen']):,}, its parents' included",
    "Weights": f"{size_mb:.1f} MB, four networks",
    "Called normal": f"below {operating.p_normal_below:.2f}",
    "Called abnormal": f"from {operating.p_abnormal_from:.2f}; between the two the answer is refer",
}
st.markdown("  \n".join(f"**{name}** {value}" for name, value in facts.items()))

st.subheader("Figures", anchor=False)
tables = list(score_tables(manifest.get("metrics", {})))
for title, rows in tables:
    st.markdown(f"**{title}**")
    st.dataframe(rows, hide_index=True, width="stretch")
if tables:
    st.caption(
        "In brackets: the 95 % interval, bootstrapped by group (patient). 1 is best, but 0 for Brier score, ECE and "
        "refer rate. An accuracy means something only above the majority rate."
    )
else:
    st.info("This bundle carries no figures. Measure it with `python -m trainer eval` on pages that it has not seen.")

st.subheader("Limits", anchor=False)
st.markdown(LIMITS)
