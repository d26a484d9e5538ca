"""A hand on Review's canvas in a real browser, and the rows of the store that have to follow it."""

import time
from collections.abc import Callable

import cv2
import numpy as np
from playwright.sync_api import Page, expect

from annotations import readings
from annotations.readings.predictions import record_prediction
from annotations.store import Store
from ecgcore.types import Beat, Box, Prediction
from tests.support.real_browser import WAIT_MS, wait_until

PHOTO_WH = (2213, 1572)
COLUMNS, ROWS = 10, 6
BOX_WH = (110.0, 120.0)
CANVAS_WIDTH_PX = 938
TOLERANCE_PX = 1.5
"""In the photo, of which a pixel of the screen is 2.4 at zoom 1."""
MOVED, REMOVED = 11, 12
"""Proposals that are in view at zoom 3 too."""


def add_page(store: Store, number: int) -> int:
    """A page with 60 proposals in rows and columns; returns its number."""
    rng = np.random.default_rng(number)
    photo_rgb = np.full((PHOTO_WH[1], PHOTO_WH[0], 3), 255, np.uint8)
    cv2.putText(photo_rgb, f"page {number}", (60, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 3)
    places = [
        Box(x, y, x + BOX_WH[0], y + BOX_WH[1])
        for x, y in (
            (150 + 195 * column + rng.uniform(-9, 9), 150 + 230 * row + rng.uniform(-9, 9))
            for row in range(ROWS)
            for column in range(COLUMNS)
        )
    ]
    beats = tuple(Beat(place, 0.9, 0.5, 0.1) for place in places)
    picture, _ = store.add_picture(photo_rgb)
    record_prediction(store, picture.id, Prediction("x", 1, "ok", None, 0.5, "refer", beats, bundle="starter"))
    return picture.id


class Hand:
    """A mouse on the canvas that speaks in pixels of the photo."""

    def __init__(self, page: Page, zoom: int) -> None:
        self.page = page
        self.scale = CANVAS_WIDTH_PX * zoom / PHOTO_WH[0]
        self.canvas = page.locator("canvas.upper-canvas")
        expect(self.canvas).to_be_visible(timeout=WAIT_MS)
        wait_until(
            page,
            f"""() => {{ const root = [...document.querySelectorAll('*')].find(e => e.shadowRoot &&
                e.shadowRoot.querySelector('canvas.upper-canvas'));
                return root && root.shadowRoot.querySelector('canvas.upper-canvas').getBoundingClientRect().width
                >= {CANVAS_WIDTH_PX * zoom - 1}; }}""",
        )

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press at one place of the photo and release at another."""
        (x1, y1), (x2, y2) = self._on_screen(start), self._on_screen(end)
        self.page.mouse.move(x1, y1)
        self.page.mouse.down()
        self.page.mouse.move((x1 + x2) / 2, (y1 + y2) / 2, steps=3)
        self.page.mouse.move(x2, y2, steps=3)
        self.page.mouse.up()
        settle(self.page)

    def click(self, place: tuple[float, float]) -> None:
        """Click on a place of the photo."""
        self.page.mouse.click(*self._on_screen(place))
        settle(self.page)

    def press(self, name: str) -> None:
        """Press a button of the canvas's toolbar."""
        self.page.locator(f'button[aria-label="{name}"]').click()
        settle(self.page)

    def _on_screen(self, place: tuple[float, float]) -> tuple[float, float]:
        """Where a place of the photo is on the screen, in whole pixels, as a mouse points."""
        x, y = place[0] * self.scale, place[1] * self.scale
        box = self.canvas.bounding_box()
        assert box is not None
        return round(box["x"] + x), round(box["y"] + y)


def settle(page: Page) -> None:
    """Wait until the browser has sent what it drew, and the script has run."""
    page.wait_for_timeout(350)
    page.wait_for_selector("[data-test-script-state=notRunning]", state="attached", timeout=WAIT_MS)


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait until something has come true.

    Raises:
        TimeoutError: it did not.
    """
    deadline = time.monotonic() + WAIT_MS / 1000
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came true")
        page.wait_for_timeout(100)


def correct_one(page: Page, address: str, store: Store, image_id: int, zoom: int) -> float:
    """Draw, move, delete, label, save, reload; returns the largest distance of an edge from where it belongs, in px.

    Raises:
        AssertionError: a row is missing, there twice, or says something else.
    """
    page.goto(f"{address}/review?who=Ada&page={image_id}")
    settle(page)
    if zoom > 1:
        page.get_by_text(f"{zoom}×", exact=True).click()
        settle(page)
        page.locator(".dc-scroll").evaluate("element => element.scrollTo(0, 0)")  # the middle stays the middle
    proposed = [
        Box(*(row[k] for k in ("x1", "y1", "x2", "y2")))
        for row in store.rows(
            """SELECT prediction_box.* FROM prediction_box JOIN prediction ON prediction.id = prediction_id
               WHERE image_id = ? ORDER BY prediction_box.id""",
            (image_id,),
        )
    ]
    hand = Hand(page, zoom)
    snap = hand.scale  # the mouse points at whole pixels of the canvas
    drawn = Box(*(round(v * snap) / snap for v in (60.0, 300.0, 130.0, 420.0)))
    hand.drag((drawn.x1, drawn.y1), (drawn.x2, drawn.y2))
    hand.press("Edit")
    moved, by = proposed[MOVED], (round(25 * snap) / snap, round(-15 * snap) / snap)
    middle = ((moved.x1 + moved.x2) / 2, (moved.y1 + moved.y2) / 2)
    hand.drag(middle, (middle[0] + by[0], middle[1] + by[1]))
    gone = proposed[REMOVED]
    hand.click(((gone.x1 + gone.x2) / 2, (gone.y1 + gone.y2) / 2))
    hand.press("Delete selected")
    page.get_by_role("button", name="Abnormal").click()
    settle(page)
    page.get_by_role("button", name="Save", exact=False).nth(1).click()
    expect(page.get_by_text("Saved ")).to_be_visible(timeout=WAIT_MS)
    page.reload()
    settle(page)
    expect(page.get_by_role("button", name="Abnormal")).to_be_visible(timeout=WAIT_MS)
    head = readings.head(store, image_id)
    assert head is not None, "nothing was saved"
    assert head.reading.label == "abnormal"
    origins = sorted(box.origin for box in head.reading.boxes)
    assert origins == ["accepted"] * 58 + ["adjusted", "drawn", "rejected"], origins
    expected = {
        "drawn": drawn,
        "adjusted": Box(moved.x1 + by[0], moved.y1 + by[1], moved.x2 + by[0], moved.y2 + by[1]),
        "rejected": gone,
    }
    found = {box.origin: box.box_photo_xyxy for box in head.reading.boxes if box.origin in expected}
    pairs = [(found[origin].as_list(), box.as_list()) for origin, box in expected.items()]
    still = {box.prediction_box_id: box.box_photo_xyxy for box in head.reading.boxes if box.origin == "accepted"}
    untouched = [box for i, box in enumerate(proposed) if i not in (MOVED, REMOVED)]
    assert [still[number] for number in sorted(still)] == untouched, "a box that nobody touched moved"
    return max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True))
