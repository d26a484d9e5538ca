"""The right of a result: the beats that weighed most, one beat close up, the seconds, the downloads."""

import json
from pathlib import PurePath

import cv2
import numpy as np
import streamlit as st

from ecgcore.bundle.folder import Bundle
from ecgcore.operating_point import Decision
from ecgcore.overlay import overlay_png
from ecgcore.types import Beat, ByteArray, Prediction
from pages.parts.common.style import DECISION_SHAPE, signed
from pages.parts.common.words import counted, plain
from pages.parts.screen.result.gradcam import beat_picture
from pages.parts.screen.result.lead_lines import lead_lines, signal_downloads
from pages.parts.screen.result.page_figure import beat_scores
from pages.parts.screen.screened import DisplayedPage, ScreenedPage

HEAVIEST = 3
"""Beats shown for each of the two answers."""
CROP_PX = 104
SHARE = (
    "The decision with the beat minus the decision without it, as log-odds before calibration. At most three beats for "
    "each result are shown, the heaviest first."
)


def beat_key(item: ScreenedPage) -> str:
    """Where the session keeps the number of the beat that is looked at."""
    return f"beat-{item.key}"


def heaviest_beats(item: ScreenedPage, shown: DisplayedPage) -> None:
    """Show the beats that weighed most for abnormal and those for normal, cut from the page; a click opens one.

    Args:
        item: the screened page.
        shown: its picture.
    """
    st.markdown("**Beats that weighed most**", help=SHARE)
    groups = heaviest(item.prediction)
    listed = [item.prediction.beats[number] for numbers in groups.values() for number in numbers]
    if not listed:
        st.caption("No beat weighed for or against.")
        return
    view_rgb = _decode(shown.view_jpeg)
    scale = view_rgb.shape[1] / shown.wh[0]
    # One scale for all, so that a small beat looks small.
    side = 1.2 * scale * max(max(b.x2 - b.x1, b.y2 - b.y1) for b in (beat.box_photo_xyxy for beat in listed))
    for decision, numbers in groups.items():
        words = f"{DECISION_SHAPE[decision]} Supporting {decision}"
        st.caption(words if numbers else f"{DECISION_SHAPE[decision]} No beat supports {decision}.")
        with st.container(horizontal=True, gap="small"):
            for number in numbers:
                with st.container(width=CROP_PX + 8, gap=None):
                    _small_beat(item, number, _crop(view_rgb, item.prediction.beats[number], scale, round(side)))


def _small_beat(item: ScreenedPage, number: int, crop_rgb: ByteArray) -> None:
    share = item.prediction.beats[number].share
    st.image(crop_rgb, width=CROP_PX, alt=f"Beat {number + 1}: {signed(share)}")
    st.button(
        f"Beat {number + 1}, {share or 0:+.2f}".replace("-", "−"),
        key=f"open-{item.key}-{number}",
        type="tertiary",
        on_click=st.session_state.update,
        args=({beat_key(item): number},),
    )


def one_beat(item: ScreenedPage, shown: DisplayedPage, bundle: Bundle) -> None:
    """Choose any beat, by list or by stepping through the page, and see it as the beat network did, with Grad-CAM.

    Args:
        item: the screened page.
        shown: its picture.
        bundle: which screened it.
    """
    beats, key = item.prediction.beats, beat_key(item)
    chosen = st.selectbox(
        "One beat close up",
        range(len(beats)),
        index=None,
        format_func=lambda number: f"Beat {number + 1}: {signed(beats[number].share)}",
        placeholder="Choose a beat, or click one on the page",
        key=key,
    )
    with st.container(horizontal=True):
        for words, icon, step in (("Previous beat", "chevron_left", -1), ("Next beat", "chevron_right", 1)):
            st.button(
                words,
                key=f"{words}-{item.key}",
                type="tertiary",
                icon=f":material/{icon}:",
                on_click=_step,
                args=(key, step, len(beats)),
            )
    if chosen is None:
        return
    beat = beats[chosen]
    opacity = st.session_state.get("heat-opacity", 0.5)
    st.image(
        beat_picture(item, shown, bundle, chosen, opacity), width=260, alt=f"Beat {chosen + 1}, as the network saw it"
    )
    st.caption(f"Beat network's view of beat {chosen + 1}, Grad-CAM in purple: {beat_scores(beat)}.")


def _step(key: str, step: int, count: int) -> None:
    """Choose the next or the previous beat in reading order; from none, the first or the last; round at the ends."""
    chosen = st.session_state.get(key)
    st.session_state[key] = ((-1 if step > 0 else 0) if chosen is None else chosen) + step
    st.session_state[key] %= count


def facts(prediction: Prediction) -> None:
    """The number of beats, the time that each part took, and what else is known of the page's preparation."""
    parts = {"page": "preparing", "detect": "detecting beats", "classify": "classifying"}
    total = prediction.seconds.get("total")
    spent = ", ".join(f"{words} {prediction.seconds.get(part) or 0:.2f} s" for part, words in parts.items())
    screened = "" if total is None else f" · screened in {total:.1f} s"
    st.caption(
        counted(len(prediction.beats), "complete beat")
        + screened
        + "".join(f"  \n{plain(note)}" for note in prediction.notes),
        help=spent,
    )


def downloads(item: ScreenedPage, shown: DisplayedPage) -> None:
    """The overlay and the result as files.

    Args:
        item: the screened page.
        shown: its picture.
    """
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
        if lead_lines(item).xs:
            signal_downloads(item)


def heaviest(prediction: Prediction) -> dict[Decision, list[int]]:
    """Numbers (from 0) of the beats that weighed most for each answer, heaviest first, at most ``HEAVIEST`` each."""
    shares = [beat.share or 0.0 for beat in prediction.beats]

    def most(sign: int) -> list[int]:
        order = sorted(range(len(shares)), key=lambda number: -sign * shares[number])
        return [number for number in order if sign * shares[number] > 0][:HEAVIEST]

    return {"abnormal": most(1), "normal": most(-1)}


def _crop(view_rgb: ByteArray, beat: Beat, scale: float, side: int) -> ByteArray:
    """A square of ``side`` pixels round one beat, cut from the page at screen size and padded at its edge."""
    x1, y1, x2, y2 = (edge * scale for edge in beat.box_photo_xyxy.as_list())
    left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    padded = cv2.copyMakeBorder(view_rgb, side, side, side, side, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(padded[top + side : top + 2 * side, left + side : left + 2 * side])


def _decode(jpeg: bytes) -> ByteArray:
    bgr = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
