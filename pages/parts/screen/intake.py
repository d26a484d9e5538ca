"""Where pictures come from: the drop zone, the camera, and sample pages that are drawn on the spot."""

from importlib.util import find_spec
from typing import Final

import cv2
import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ecgcore.bundle.folder import Bundle
from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from pages.parts.common.browser.uploads import TOO_MUCH_AT_ONCE, is_held, release_uploads
from pages.parts.screen.browser_guard import too_large
from pages.parts.screen.joined_files import joined
from pages.parts.screen.screened import Picture
from pages.parts.screen.screening.session import screen_in_background

WELCOME = (
    "**ECG photo screener** reads a photo, scan or PDF of a 12-lead ECG, calls it normal or abnormal or refers it to a "
    "clinician, and shows the heartbeats behind the result.\n\n"
    "1. **Drop ECG pictures** above, one or many, or open **Try a sample** to see how it works.\n"
    "2. Read the result, its probability and the beats that weighed most.\n"
    "3. Disagree? **Correct this** opens the page in Review. Until then nothing is written to disk."
)
MAX_PICTURE_MB = 64
TAKES = (
    f"PNG, JPEG, WebP, AVIF, JPEG 2000, TIFF, BMP, GIF, {'HEIC, ' if find_spec('pillow_heif') else ''}PDF, DICOM; "
    "recordings as DICOM, "
    "HL7 aECG, SCP-ECG, WFDB (.hea with .dat), CSV, and Philips, Schiller or GE XML. Files stay in this computer's "
    "memory and are forgotten when you close this tab."
)
"""HEIC photos are read where ``make heic`` was used."""
CAMERA_RESOLUTION: Final = "1080p"
"""The most that Streamlit asks a browser for; without it a picture has the size of the widget, 700 pixels wide."""
OWN_CAMERA = "A phone's own camera is sharper: tap the drop zone above and choose Camera."
TOO_LARGE = "File too large: the limit is {limit} MB. Save it smaller or as JPEG and drop it again."

SAMPLE_SEEDS = {"normal": (7, 14, 17, 5)}
"""Of the drawn normal pages, most are referred by the shipped model; these show what a clear answer looks like."""
OTHER_SEEDS = (0, 1, 4, 5)


def incoming(bundle: Bundle) -> bool:
    """Show the three ways in and put what has come by them into the queue.

    Args:
        bundle: which is to screen it.

    Returns:
        Whether anything has come since the last run.
    """
    with st.container(key="intake", horizontal=True, vertical_alignment="center"):
        came = [_dropped(bundle)]
        with st.container(horizontal=True, width="content"):
            came += [_photographed(bundle), _sampled(bundle)]
    st.caption(TAKES)
    return any([*came, _refused(bundle)])


def _refused(bundle: Bundle) -> bool:
    """List what the drop zone kept to itself; it is opened only where nothing else was dropped with it."""
    names, alone = too_large(MAX_PICTURE_MB * 2**20)
    reason = TOO_LARGE.format(limit=MAX_PICTURE_MB)
    if names:
        screen_in_background([Picture(name, b"", refusal=reason) for name in names], bundle, opening=alone)
    return bool(names)


def _dropped(bundle: Bundle) -> bool:
    """Take what lies in the drop zone, whatever its type, so that what cannot be read is told."""
    turn = _turn("drop")
    files = st.file_uploader(
        "ECG pictures",
        accept_multiple_files=True,
        max_upload_size=MAX_PICTURE_MB,
        key=f"drop-{turn}",
        label_visibility="collapsed",
    )
    if not files:
        return False
    screen_in_background(joined([_picture(file, file.name) for file in files]), bundle)
    _next_turn("drop")
    release_uploads(files)
    return True


def _picture(file: UploadedFile, name: str) -> Picture:
    """What came; drop zone and camera keep to their limits, but not every program that may send in their place."""
    if not is_held(file):
        return Picture(name, b"", refusal=TOO_MUCH_AT_ONCE)
    if file.size > MAX_PICTURE_MB * 2**20:
        return Picture(name, b"", refusal=TOO_LARGE.format(limit=MAX_PICTURE_MB))
    return Picture(name, file.getvalue())


def _photographed(bundle: Bundle) -> bool:
    turn = _turn("camera")
    with st.popover("Camera", icon=":material/photo_camera:", key=f"camera-box-{turn}"):
        photo = None
        if st.toggle("Camera on", key=f"camera-on-{turn}"):
            photo = st.camera_input(
                "Photograph the whole page, flat and in focus", key=f"camera-{turn}", resolution=CAMERA_RESOLUTION
            )
            st.caption(OWN_CAMERA)
    if photo is None:
        return False
    screen_in_background([_picture(photo, f"Camera photo {turn + 1}.jpg")], bundle)
    _next_turn("camera")
    release_uploads([photo])
    return True


def _sampled(bundle: Bundle) -> bool:
    with st.popover("Try a sample", icon=":material/draw:", key=f"samples-{_turn('sample')}"):
        st.caption("Drawn now from a published signal model. No patient's ECG.")
        pressed = [
            kind
            for kind, words in KINDS.items()
            if st.button(words[0].upper() + words[1:], key=f"sample-{kind}", width="stretch")
        ]
    if not pressed:
        return False
    _next_turn("sample")
    screen_in_background([_next_sample(kind) for kind in pressed], bundle)
    return True


def _next_sample(kind: str) -> Picture:
    """Another page of this kind each time."""
    shown: dict[str, int] = st.session_state.setdefault("samples-shown", {})
    number = shown[kind] = shown.get(kind, 0) + 1
    return sample_page(kind, number)


def _turn(way: str) -> int:
    """How often something has come this way; part of the widgets' keys, which makes them empty again."""
    turn: int = st.session_state.setdefault(f"{way}-turn", 0)
    return turn


def _next_turn(way: str) -> None:
    st.session_state[f"{way}-turn"] += 1


def sample_page(kind: str, number: int) -> Picture:
    """Draw an artificial 12-lead page.

    Args:
        kind: a key of ``papersim.KINDS``.
        number: which page of the kind, from 1; the same number draws the same page.
    """
    seeds = SAMPLE_SEEDS.get(kind, OTHER_SEEDS)
    seed = seeds[(number - 1) % len(seeds)]
    signals_mv, fs_hz, _ = synthetic_ecg(kind, seed)
    # No header: what it would print, rate and diagnosis, is made up.
    page = draw_page(signals_mv, fs_hz, PageStyle(header=False, margin_mm=(8.0, 8.0, 8.0, 10.0)), seed)
    _, encoded = cv2.imencode(".png", cv2.cvtColor(np.asarray(page.image_rgb), cv2.COLOR_RGB2BGR))
    return Picture(f"Sample {number}: {KINDS[kind]} (drawn)", encoded.tobytes(), synthetic=True)
