"""The left of a result: the page with its beats, Grad-CAM and outline, to zoom and pan."""

import streamlit as st

from ecgcore.bundle.folder import Bundle
from pages.parts.common.browser.messages import SELECTION, checked, warn_ignored
from pages.parts.common.words import counted
from pages.parts.screen.result.beat_panel import beat_key
from pages.parts.screen.result.caliper import READING_STYLE, caliper_between_beats, caliper_key, caliper_reading
from pages.parts.screen.result.gradcam import HeatSource, heat_sources, page_heat_png
from pages.parts.screen.result.lead_lines import LEGEND as LEADS_LEGEND
from pages.parts.screen.result.lead_lines import NO_LEADS, lead_lines
from pages.parts.screen.result.measurements import NO_MILLIMETRES
from pages.parts.screen.result.page_figure import layer_css, page_figure
from pages.parts.screen.result.picture_zoom import PLOT, STYLE, zoom_on_purpose
from pages.parts.screen.screened import DisplayedPage, ScreenedPage

LEGEND = "Solid orange: supports abnormal. Dashed blue: supports normal. Thicker: weighs more. Grey: little weight."
HOW = (
    "Zoom with the buttons, Ctrl and the wheel, or two fingers; drag to pan; double-click for the whole page. Click a "
    "beat to see it close up."
)
HEAT_LEGENDS: dict[HeatSource, str] = {
    "Page": "Purple: what in the whole page supported abnormal, relative to this page's strongest spot (Grad-CAM, a "
    "hint only).",
    "Signal": "Purple along the traces: when the leads, seen together, supported abnormal, relative to this page's "
    "strongest moment (Grad-CAM, a hint only).",
}

CALIPER_HELP = "Drag across the page to measure time and voltage."

SCOPE = ".st-key-page-view"


def page_view(item: ScreenedPage, shown: DisplayedPage, bundle: Bundle) -> None:
    """Show one page with its switches; a click on a beat chooses it.

    Args:
        item: the screened page.
        shown: its picture.
        bundle: which screened it.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        beats = st.toggle("Beats", value=True, key="show-beats", persist_state="session")
        heat = st.toggle("Grad-CAM", key="show-heat", persist_state="session", help=HEAT_LEGENDS["Page"])
        panel = st.toggle(
            "Panel outline",
            key="show-panel",
            persist_state="session",
            help="All that the networks saw. Header, footer and whatever else lies outside were left out.",
        )
        lines = lead_lines(item)
        leads = _switch("Leads", "show-leads", LEADS_LEGEND, "" if lines.xs else NO_LEADS)
        without_scale = NO_MILLIMETRES if item.prediction.px_per_mm is None else ""
        measuring = _switch("Caliper", "caliper-on", CALIPER_HELP, without_scale)
        source = _source(item, is_shown=heat)
        opacity = _opacity() if heat else 0.0
    # Once computed, the heat stays in the browser, so that it is there at once when it is switched on again.
    explained: set[str] = st.session_state.setdefault("explained", set())
    if heat:
        explained.add(item.key)
    # Its bar has a place of its own, as has the caliper: the picture would be built anew at another place on the page.
    with st.container():
        heat_png = page_heat_png(item, shown, bundle, source) if item.key in explained else None
    figure = page_figure(shown.view_jpeg, shown.wh, item.prediction, lines)
    chosen = st.session_state.get(beat_key(item))
    layers = layer_css(
        SCOPE, beats=beats, panel=panel, leads=leads, caliper=measuring, heat_opacity=opacity, chosen=chosen
    )
    # The chart takes its height from this box, so that a page has its own shape on a wide screen and on a phone.
    shape = f"{SCOPE} {{aspect-ratio: {shown.wh[0]} / {shown.wh[1]}}}"
    st.html(f"<style>{shape}\n{layers}\n{STYLE.format(scope=SCOPE)}\n{READING_STYLE if measuring else ''}</style>")
    # Above the picture, where it stays in sight while the next distance is dragged.
    caliper_reading(item, is_on=measuring)
    warn_ignored()
    zoom_on_purpose(shown.wh[0], caliper=measuring, heat_png=heat_png)
    with st.container(key="page-view"):
        st.plotly_chart(
            figure,
            height="stretch",
            theme=None,
            key=f"page-{item.key}",
            on_select=lambda: _take_selection(item),
            selection_mode=("points", "box"),
            config=PLOT,
            alt=f"ECG page {item.title} with {counted(len(item.prediction.beats), 'beat')} boxed",
        )
    legends = (LEGEND, *((LEADS_LEGEND,) if leads else ()), *((HEAT_LEGENDS[source],) if heat else ()), HOW)
    st.caption("  \n".join(legends))
    if measuring:
        caliper_between_beats(item)


def _switch(words: str, key: str, what_for: str, why_not: str) -> bool:
    """A switch that is off, and says why, where there is nothing to show."""
    is_on = st.toggle(words, key=key, persist_state="session", disabled=bool(why_not), help=why_not or what_for)
    return is_on and not why_not


def _source(item: ScreenedPage, *, is_shown: bool) -> HeatSource:
    """Of which network Grad-CAM is shown, or was shown last; no choice where only the page's picture was judged."""
    sources = heat_sources(item.prediction)
    if len(sources) == 1:
        return sources[0]
    if is_shown:
        st.session_state["heat-source-last"] = st.segmented_control(
            "Grad-CAM of",
            sources,
            default="Page",
            required=True,
            key="heat-source",
            persist_state="session",
            label_visibility="collapsed",
        )
    last: HeatSource = st.session_state.get("heat-source-last", "Page")
    return last


def _opacity() -> float:
    """How strongly Grad-CAM covers the page, 0..1."""
    opacity: float = st.slider(
        "Grad-CAM opacity",
        0.1,
        1.0,
        0.5,
        0.05,
        "opacity %.2f",
        key="heat-opacity",
        persist_state="session",
        label_visibility="collapsed",
        help="How strongly Grad-CAM covers the page.",
        width=160,
    )
    return opacity


def _take_selection(item: ScreenedPage) -> None:
    """A click on a beat chooses it; a box that was dragged with the caliper is measured."""
    received = st.session_state[f"page-{item.key}"]
    selection = checked(SELECTION, received.get("selection"), in_callback=True) if isinstance(received, dict) else None
    if selection is None:
        return
    if selection.box:
        box = selection.box[-1]
        st.session_state[caliper_key(item)] = (box.x, box.y)
    elif selection.points:
        beat = selection.points[0].customdata
        if beat is not None and beat < len(item.prediction.beats):
            st.session_state[beat_key(item)] = beat
