"""Prediction -> the plotly picture of a page: beats as a few line traces over one compressed image."""

import base64
from collections.abc import Iterable

import numpy as np
import plotly.graph_objects as go

from ecgcore.types import Beat, Box, Prediction
from pages.parts.common.style import BLUE, DARK_GREEN, DARK_ORANGE, GREEN, GREY, MAGENTA, ORANGE, VERMILION, signed
from pages.parts.screen.result.signal_lines import LeadLines

# A share is drawn by its size relative to the page's largest: colour for the sign, solid or dashed for the same,
# width for the size. One trace a class keeps a page of a hundred beats as quick as one of ten.
_CLASSES = (
    ("strongly supports abnormal", 0.5, {"color": VERMILION, "width": 3, "dash": "solid"}),
    ("supports abnormal", 0.1, {"color": VERMILION, "width": 1.5, "dash": "solid"}),
    ("little weight", -0.1, {"color": GREY, "width": 1.5, "dash": "solid"}),
    ("supports normal", -0.5, {"color": BLUE, "width": 1.5, "dash": "dash"}),
    ("strongly supports normal", -1.0, {"color": BLUE, "width": 3, "dash": "dash"}),
)
_LEADS = ":nth-child(2), :nth-child(3)"
"""The signal and the leads' names among plotly's traces."""
_EMPTY_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABXvMqOgAAAABJRU5ErkJggg=="
)
"""One transparent pixel."""


def page_figure(
    picture_jpeg: bytes,
    photo_wh: tuple[int, int],
    prediction: Prediction,
    leads: LeadLines,
) -> go.Figure:
    """Draw one page with all its layers, in the coordinates of its upright photo; ``layer_css`` switches them.

    Args:
        picture_jpeg: the page, downscaled; it is stretched to ``photo_wh``.
        photo_wh: width and height of the upright photo in pixels.
        prediction: with status "ok": boxes and panel in photo pixels.
        leads: the signal that was read off it.

    The second image is empty: the browser puts Grad-CAM there once it is computed (picture_zoom.js).
    """
    width, height = photo_wh
    figure = go.Figure()
    figure.add_layout_image(_layer(picture_jpeg, "jpeg", photo_wh))
    # plotly tells images apart by place and size alone: the heat is a millionth of a pixel wider.
    figure.add_layout_image(_layer(_EMPTY_PNG, "png", (width + 1e-6, height)))
    corners = prediction.panel_photo_xy or ()
    figure.add_scatter(
        x=[x for x, _ in (*corners, *corners[:1])],
        y=[y for _, y in (*corners, *corners[:1])],
        mode="lines",
        line={"color": GREEN, "width": 2, "dash": "dot"},
        hoverinfo="skip",
    )
    _add_leads(figure, leads)
    _add_peaks(figure, prediction)
    _add_handwriting(figure, prediction)
    _add_beats(figure, prediction.beats)
    figure.update_layout(
        xaxis={"range": [0, width], "visible": False, "constrain": "domain"},
        yaxis={"range": [height, 0], "visible": False, "scaleanchor": "x", "constrain": "domain"},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode="pan",  # picture_zoom.js makes it "select" for the caliper
        newselection={"mode": "immediate", "line": {"color": "black", "width": 1.5, "dash": "solid"}},
        hovermode="closest",
        hoverdistance=30,
        hoverlabel={"bgcolor": "white", "bordercolor": GREY, "font": {"color": "black"}, "align": "left"},
        showlegend=False,
        modebar={"bgcolor": "rgba(255, 255, 255, .85)", "color": "rgb(60, 64, 68)", "activecolor": BLUE},
    )
    return figure


def layer_css(
    scope: str, *, beats: bool, panel: bool, leads: bool, caliper: bool, heat_opacity: float, chosen: int | None
) -> str:
    """A style sheet that shows and hides the layers of ``page_figure``.

    Streamlit builds a chart anew when its figure changes, and zoom and pan are lost; so the figure stays as it is and
    the switches work on plotly's SVG: of the traces, the first is the panel, the next two the signal with
    its names, and the last the rings; the second image is the heat.

    Args:
        scope: CSS selector of the chart's container.
        beats: whether to show the boxes of the beats.
        panel: whether to show its outline.
        leads: whether to show the signal that was read, and the leads' names.
        caliper: whether to show the box that was dragged last.
        heat_opacity: 0..1; 0 hides the heat.
        chosen: number of the beat (from 0) to be ringed.
    """
    trace = f"{scope} .scatterlayer .trace"
    rules = [f"{scope} image ~ image {{opacity: {heat_opacity:.2f} !important; mix-blend-mode: multiply}}"]
    if not panel:
        rules.append(f"{trace}:first-child {{display: none}}")
    if not beats:
        rules.append(f"{trace}:not(:first-child, :last-child, {_LEADS}) {{display: none}}")
    if not leads:
        rules.append(f"{trace}:is({_LEADS}) {{display: none}}")
    if not caliper:
        rules.append(f"{scope} :is(.selectionlayer, .outline-controllers) {{display: none}}")
    if chosen is not None:
        rules.append(f"{trace}:last-child .point:nth-child({chosen + 1}) {{opacity: 1 !important}}")
    return "\n".join(rules)


def _add_leads(figure: go.Figure, leads: LeadLines) -> None:
    """The signal as one broken line, and each lead's name where it begins."""
    line = {"color": MAGENTA, "width": 1.5}
    nowhere = [(None, None)]  # plotly leaves a trace without a point out, and the others would move up
    figure.add_scatter(x=leads.xs or [None], y=leads.ys or [None], mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=[x for x, _ in leads.names.values() or nowhere],
        y=[y for _, y in leads.names.values() or nowhere],
        mode="text",
        text=[f"<b>{lead}</b>" for lead in leads.names],
        textposition="top center",
        textfont={"size": 13, "color": MAGENTA},
        unselected={"textfont": {"color": MAGENTA}},
        hoverinfo="skip",
    )


def share_classes(beats: tuple[Beat, ...]) -> list[int]:
    """The class of each beat's share, an index into the five line styles; no share counts as little weight."""
    shares = np.array([beat.share or 0.0 for beat in beats])
    relative = shares / max(float(np.abs(shares).max(initial=0.0)), 1e-9)
    return [next(i for i, (_, low, _) in enumerate(_CLASSES) if r >= low) for r in relative]


def _add_beats(figure: go.Figure, beats: tuple[Beat, ...]) -> None:
    classes = share_classes(beats)
    for index, (name, _, line) in enumerate(_CLASSES):
        members = [beat for beat, own in zip(beats, classes, strict=True) if own == index]
        if members:
            xs, ys = _outline(beat.box_photo_xyxy for beat in members)
            figure.add_scatter(x=xs, y=ys, mode="lines", line=line, name=name, hoverinfo="skip")
    # Lines answer to the mouse at their corners only: unseen rings in the middle carry the words and the click.
    centres = [((b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2) for b in (beat.box_photo_xyxy for beat in beats)]
    figure.add_scatter(
        x=[x for x, _ in centres],
        y=[y for _, y in centres],
        mode="markers",
        marker={"size": 40, "opacity": 0, "symbol": "circle-open", "color": "black", "line": {"width": 4}},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=list(range(len(beats))),
        text=[describe_beat(number, beat) for number, beat in enumerate(beats)],
        hovertemplate="%{text}<extra></extra>",
        name="beats",
    )


def _add_peaks(figure: go.Figure, prediction: Prediction) -> None:
    """A triangle above the R peak of each beat that rate and rhythm were measured from."""
    used = [] if prediction.rhythm is None else [prediction.beats[number] for number in prediction.rhythm.beats]
    peaks = [beat.r_peak_photo_xy for beat in used if beat.r_peak_photo_xy is not None]
    if peaks:
        figure.add_scatter(
            x=[x for x, _ in peaks],
            y=[y for _, y in peaks],
            mode="text",
            text=["▼"] * len(peaks),
            textposition="top center",
            textfont={"size": 10, "color": DARK_GREEN},
            unselected={"textfont": {"color": DARK_GREEN}},  # plotly pales what a dragged caliper does not hold
            hoverinfo="skip",
        )


def _add_handwriting(figure: go.Figure, prediction: Prediction) -> None:
    """A dotted box round each patch of handwriting, with its name."""
    patches = prediction.handwriting_photo_xyxy
    if not patches:
        return
    xs, ys = _outline(patches)
    figure.add_scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"color": ORANGE, "width": 2.5, "dash": "dot"},
        name="handwriting",
        hoverinfo="skip",
    )
    largest = max(patches, key=lambda box: (box.x2 - box.x1) * (box.y2 - box.y1))
    figure.add_scatter(
        x=[largest.x1],
        y=[largest.y1],
        mode="text",
        text=["handwriting"],
        textposition="top right",
        textfont={"size": 13, "color": DARK_ORANGE},
        unselected={"textfont": {"color": DARK_ORANGE}},
        hoverinfo="skip",
    )


def describe_beat(number: int, beat: Beat) -> str:
    """The beat's number (from 1), how surely it was found and judged, and its share, as lines of a hover text.

    Args:
        number: from 0.
        beat: what was found.
    """
    lines = [f"<b>Beat {number + 1}</b>", *beat_scores(beat).split("; ")]
    if beat.share is not None:
        lines.append(f"share {signed(beat.share)}")
    return "<br>".join(lines)


def beat_scores(beat: Beat) -> str:
    """How surely a beat was found and what it says alone: "detected 99 %; this beat alone: 82 % abnormal"."""
    found = f"detected {100 * beat.score:.0f} %"
    return found if beat.p_abnormal is None else f"{found}; this beat alone: {100 * beat.p_abnormal:.0f} % abnormal"


def _outline(boxes: Iterable[Box]) -> tuple[list[float | None], list[float | None]]:
    """Rectangles as one broken line: None lifts the pen."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for box in boxes:
        xs += [box.x1, box.x2, box.x2, box.x1, box.x1, None]
        ys += [box.y1, box.y1, box.y2, box.y2, box.y1, None]
    return xs, ys


def _layer(image: bytes, kind: str, photo_wh: tuple[float, float]) -> dict[str, str | float]:
    return {
        "source": data_uri(image, kind),
        "xref": "x",
        "yref": "y",
        "x": 0,
        "y": 0,
        "sizex": photo_wh[0],
        "sizey": photo_wh[1],
        "sizing": "stretch",
        "layer": "below",
    }


def data_uri(image: bytes, kind: str) -> str:
    """An image as text that a browser shows without asking for a file.

    Args:
        image: its file.
        kind: as in "png".
    """
    return f"data:image/{kind};base64,{base64.b64encode(image).decode('ascii')}"
