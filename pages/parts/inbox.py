"""Where pictures come from: the drop zone, the camera, and sample pages that are drawn on the spot."""

import cv2
import numpy as np
import streamlit as st

from ecgcore.page_io import FILE_ENDINGS
from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from pages.parts.results import Picture


def incoming() -> list[Picture]:
    """Show the three ways in and return what has come since ``empty`` was last called."""
    turn = st.session_state.setdefault("inbox_turn", 0)
    pictures: list[Picture] = []
    with st.container(horizontal=True, vertical_alignment="center"):
        files = st.file_uploader(
            "ECG pictures",
            FILE_ENDINGS,
            accept_multiple_files=True,
            key=f"drop-{turn}",
            label_visibility="collapsed",
            help="Pictures stay in this computer's memory and are forgotten when the app closes.",
        )
        pictures += [Picture(file.name, file.getvalue()) for file in files]
        with st.popover("Camera", icon=":material/photo_camera:"):
            if st.toggle("Camera on", key=f"camera-on-{turn}"):
                photo = st.camera_input("Photograph the whole page, flat and in focus", key=f"camera-{turn}")
                if photo is not None:
                    pictures.append(Picture(f"camera photo {turn + 1}.jpg", photo.getvalue()))
        with st.popover("Try a sample", icon=":material/draw:", key=f"samples-{turn}"):
            st.caption("Drawn now from a published signal model. No patient's ECG.")
            pictures += [
                sample_page(kind, seed=turn)
                for kind, words in KINDS.items()
                if st.button(words[0].upper() + words[1:], key=f"sample-{kind}", width="stretch")
            ]
    return pictures


def empty() -> None:
    """Make the drop zone and the camera ready for the next pictures."""
    st.session_state["inbox_turn"] += 1


def sample_page(kind: str, seed: int) -> Picture:
    """Draw one artificial 12-lead page of a kind in ``papersim.KINDS``; the same seed draws the same page."""
    signals_mv, fs_hz, _ = synthetic_ecg(kind, seed)
    # No header: what it would print, rate and diagnosis, is made up.
    page = draw_page(signals_mv, fs_hz, PageStyle(header=False, margin_mm=(8.0, 8.0, 8.0, 10.0)), seed)
    _, encoded = cv2.imencode(".png", cv2.cvtColor(np.asarray(page.image_rgb), cv2.COLOR_RGB2BGR))
    return Picture(f"Synthetic sample: {KINDS[kind]}", encoded.tobytes(), synthetic=True)
