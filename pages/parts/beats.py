"""The right of a result: the beats that weighed most, one beat close up, the seconds, the downloads."""

import json
from pathlib import PurePath

import cv2
import numpy as np
import streamlit as st

from ecgcore.bundle import Bundle
from ecgcore.overlay import overlay_png
from ecgcore.types import Beat, ByteArray, Prediction
from pages.parts.heat import crop_picture, explain
from pages.parts.results import Screened, Shown
from pages.parts.style import signed
from pages.parts.view import beat_key

HEAVIEST = 5


def heaviest_beats(item: Screened, shown: Shown) -> None:
    """List the beats with the largest shares, each with its own crop of the page; a click opens one."""
    order = by_weight(item.prediction)
    st.markdown(
        "**Beats that weighed most**", help="The decision with the beat minus the decision without it, in log-odds."
    )
    view_rgb = _decode(shown.view_jpeg)
    scale = view_rgb.shape[1] / shown.wh[0]
    listed = [item.prediction.beats[number] for number in order[:HEAVIEST]]
    # One scale for all five, so that a small beat looks small.
    side = 1.2 * scale * max(max(b.x2 - b.x1, b.y2 - b.y1) for b in (beat.box_photo_xyxy for beat in listed))
    for number, beat in zip(order, listed, strict=False):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.image(_crop(view_rgb, beat, scale, round(side)), width=84)
            st.button(
                f"Beat {number + 1}: {signed(beat.share)}",
                key=f"open-{item.key}-{number}",
                type="tertiary",
                on_click=st.session_state.update,
                args=({beat_key(item): number},),
            )


def one_beat(item: Screened, shown: Shown, bundle: Bundle) -> None:
    """A list to choose any beat from, and the chosen one as the local network saw it, with its Grad-CAM."""
    chosen = st.selectbox(
        "Look at one beat",
        by_weight(item.prediction),
        index=None,
        format_func=lambda number: f"Beat {number + 1}: {signed(item.prediction.beats[number].share)}",
        placeholder="Choose a beat, or click one on the page",
        key=beat_key(item),
    )
    if chosen is None:
        return
    beat = item.prediction.beats[chosen]
    st.image(crop_picture(explain(item, shown, bundle), chosen, st.session_state.get("heat-opacity", 0.5)), width=260)
    st.caption(
        f"What the local network saw, with its Grad-CAM in purple. On its own: p(abnormal) {beat.p_abnormal or 0:.2f}; "
        f"found with score {beat.score:.2f}."
    )


def facts(prediction: Prediction) -> None:
    """The number of beats and the time that each part took."""
    seconds = " · ".join(f"{part} {spent:.2f} s" for part, spent in prediction.seconds.items() if spent is not None)
    st.caption(
        f"{len(prediction.beats)} complete beats · {seconds}" + "".join(f"  \n{note}" for note in prediction.notes)
    )


def downloads(item: Screened, shown: Shown) -> None:
    """The overlay and the result as files."""
    stem = PurePath(item.title).stem
    with st.container(horizontal=True):
        st.download_button(
            "Overlay (PNG)",
            lambda: overlay_png(shown.photo_rgb(), item.prediction),
            f"{stem} overlay.png",
            "image/png",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Result (JSON)",
            json.dumps(item.prediction.to_json(), indent=1),
            f"{stem}.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
        )


def by_weight(prediction: Prediction) -> list[int]:
    """Numbers of the beats (from 0), the largest share first, whatever its sign."""
    return sorted(range(len(prediction.beats)), key=lambda number: -abs(prediction.beats[number].share or 0.0))


def _crop(view_rgb: ByteArray, beat: Beat, scale: float, side: int) -> ByteArray:
    """A square of ``side`` pixels round one beat, cut from the page at screen size and padded at its edge."""
    x1, y1, x2, y2 = (edge * scale for edge in beat.box_photo_xyxy.as_list())
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    padded = cv2.copyMakeBorder(view_rgb, side, side, side, side, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(padded[top + side : top + 2 * side, left + side : left + 2 * side])


def _decode(jpeg: bytes) -> ByteArray:
    bgr = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
