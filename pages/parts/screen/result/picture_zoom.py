"""What only the browser can do for the picture of a page: let the wheel scroll, and zoom on purpose."""

import base64
from pathlib import Path

import streamlit as st

_SCRIPT = (Path(__file__).parent / "picture_zoom.js").read_text(encoding="utf-8")
_zoom = st.components.v2.component("picture_zoom", js=_SCRIPT)

PLOT = {
    "scrollZoom": True,  # reaches plotly with Ctrl only: see the script
    "doubleClick": "reset",
    "displaylogo": False,
    "displayModeBar": True,
    "modeBarButtons": [["zoomIn2d", "zoomOut2d", "resetScale2d"]],
}
"""plotly's configuration, with large buttons to zoom."""

# One finger is plotly's where it pans or measures, and the page's where it scrolls.
STYLE = """
{scope} .modebar-btn {{width: 40px; height: 40px; padding: 9px !important}}
{scope} .modebar-btn svg {{width: 22px; height: 22px}}
{scope} .nsewdrag {{touch-action: pan-x pan-y}}
{scope} .measuring .nsewdrag {{cursor: crosshair !important}}
{scope} .zoomed .nsewdrag {{touch-action: none}}
"""


def zoom_on_purpose(width: int, *, caliper: bool, heat_png: bytes | None) -> None:
    """Let the wheel and one finger scroll the page over the picture, Ctrl and the wheel and two fingers zoom it.

    Grad-CAM is put over the picture here and not in the figure, which would be built anew, unzoomed.

    Args:
        width: of the picture in the chart's coordinates.
        caliper: whether dragging opens the caliper; else it pans.
        heat_png: Grad-CAM with transparency, which covers the whole picture; None before it was computed.
    """
    heat = "" if heat_png is None else f"data:image/png;base64,{base64.b64encode(heat_png).decode()}"
    _zoom(key="picture-zoom", data={"width": width, "caliper": caliper, "heat": heat}, height=1)
