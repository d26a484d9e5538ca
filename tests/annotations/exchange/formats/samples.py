"""Small pictures, and readings of every kind that Hypothesis can think of."""

import string
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from annotations.exchange.formats.page import ExchangePage, Loaded
from annotations.model import BEAT_LABELS, FLAGS, ORIGINS, PAGE_LABELS, LabelledBox, Reading
from ecgcore.page.decode.read import picture_hash, read_picture
from ecgcore.types import Box

NAMES = ("scan.png", "SCAN.PNG", "Ünïcode 心.jpg", "=1+1.png", "a/..\\b:c?.png", "..", "no ending", "page.pdf", ".png")

_WORDS = st.text(string.ascii_letters + string.digits + "-_ äß心", min_size=1, max_size=12)


def draw_pictures(folder: Path) -> list[ExchangePage]:
    """Different pictures of different sizes and kinds, one of them turned by EXIF, as pages that nobody read."""
    rng = np.random.default_rng(3)
    exif = Image.Exif()
    exif[0x0112] = 6
    pages = []
    for name, width, height, options in (
        ("one.png", 64, 48, {}),
        ("turned.jpg", 40, 70, {"exif": exif}),
        ("three.webp", 33, 21, {}),
        ("long-name.bmp", 90, 11, {}),
    ):
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name, **options)
        upright = read_picture(folder / name, name)[0]
        pages.append(
            ExchangePage(
                name, folder / name, picture_hash(upright), upright.shape[1], upright.shape[0], "", Reading(), ""
            )
        )
    assert (pages[1].width, pages[1].height) == (70, 40)
    return pages


@st.composite
def boxes(draw: st.DrawFn, width: int, height: int, uid: str) -> LabelledBox:
    """A box anywhere in the picture, often at its border."""

    def interval(side: int) -> tuple[float, float]:
        low = draw(st.sampled_from([0.0, 0.5, side / 3]) | st.floats(0, side - 1))
        high = draw(st.just(float(side)) | st.floats(low + 0.01, side))
        return low, high

    (x1, x2), (y1, y2) = interval(width), interval(height)
    label = draw(st.none() | st.sampled_from(BEAT_LABELS))
    return LabelledBox(uid, Box(x1, y1, x2, y2), label, draw(st.sampled_from(ORIGINS)), draw(st.none() | st.just(7)))


@st.composite
def page_lists(draw: st.DrawFn, pictures: Sequence[ExchangePage]) -> list[ExchangePage]:
    """Some of the pictures, each with a reading; some to be matched by hash alone."""
    pages = []
    for picture in draw(st.lists(st.sampled_from(pictures), unique_by=lambda page: page.picture_hash)):
        uids = draw(st.lists(_WORDS, unique=True, max_size=6))
        reading = Reading(
            label=draw(st.none() | st.sampled_from(PAGE_LABELS)),
            boxes=tuple(draw(boxes(picture.width, picture.height, uid)) for uid in uids),
            boxes_complete=draw(st.booleans()),
            flags=draw(st.frozensets(st.sampled_from(FLAGS))),
            comment=draw(
                st.text()
                | st.sampled_from(['=1+1, "a"\r\n\tb;', "\x00<&]]>\r\u2028\x85", "  ", "'=1", "''-1", "\t@x", "＝1"])
            ),
        )
        page = replace(
            picture,
            name=draw(st.sampled_from(NAMES)),
            group=draw(st.just("") | _WORDS | st.text(max_size=5) | st.sampled_from(["-7", "'@g"])),
            source_record=draw(st.just("") | _WORDS),
            reading=reading,
        )
        pages.append(replace(page, picture=None) if draw(st.integers(0, 5)) == 0 else page)
    return pages


def assert_only_refusal(loaded: Loaded, *words: str, pages: int = 1) -> None:
    """One refusal, whose reason has these words, and the other pages loaded."""
    assert len(loaded.pages) == pages
    assert len(loaded.refusals) == 1
    for word in words:
        assert word in loaded.refusals[0].reason
