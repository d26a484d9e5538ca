"""What waits is screened in turn, once, and never lost: the queue of a session and the worker that serves them all."""

import gc
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.types import ByteArray, Prediction
from pages.parts.common.browser.closed_sessions import ClosedSessions
from pages.parts.screen.screened import Picture, ScreenedPage
from pages.parts.screen.screening import waiting_files
from pages.parts.screen.screening.waiting_files import ScreeningQueue
from pages.parts.screen.screening.worker import ScreeningWorker
from tests.support.server_sessions import Sessions

Screen = Callable[..., Prediction]


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    return load_bundle(tiny_bundle)


@pytest.fixture
def screened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files in the order in which they are screened, by a stand-in that takes no time."""
    files: list[str] = []

    def screen(photo_rgb: ByteArray, bundle: Bundle, *, file: str, page: int, recording: object) -> Prediction:
        files.append(file)
        if file.startswith("broken"):
            raise ZeroDivisionError(file)
        return Prediction(file, page, "ok", p_abnormal=0.5, decision="refer", bundle=bundle.version)

    monkeypatch.setattr("pages.parts.screen.screened.screen", screen)
    return files


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Sessions:
    found = Sessions()
    monkeypatch.setattr("pages.parts.common.browser.closed_sessions.runtime.get_instance", lambda: found)
    return found


def picture(shade: int, name: str = "") -> Picture:
    page = np.full((30, 40, 3), shade, np.uint8)
    return Picture(name or f"{shade}.png", cv2.imencode(".png", page)[1].tobytes())


def run(queue: ScreeningQueue, steps: int = 1000) -> None:
    """What the worker does, on this thread."""
    for _ in range(steps):
        queue.screen_next()
        if not queue.is_busy:
            return


def titles(queue: ScreeningQueue) -> list[str]:
    return [item.title for item in queue.items()]


def test_files_are_screened_in_the_order_in_which_they_came(bundle: Bundle, screened: list[str]) -> None:
    queue = ScreeningQueue({})
    for shade in (5, 9, 7):
        queue.add(picture(shade), bundle)
    assert [file.state for file in queue.waiting()] == ["waiting"] * 3
    run(queue, 1)
    assert [file.state for file in queue.waiting()] == ["screening", "waiting", "waiting"]
    run(queue)
    assert screened == titles(queue) == ["5.png", "9.png", "7.png"]
    assert not queue.waiting()


def test_two_sessions_take_turns(bundle: Bundle, screened: list[str]) -> None:
    worker, large, small = ScreeningWorker(), ScreeningQueue({}), ScreeningQueue({})
    for shade in range(20):
        large.add(picture(shade), bundle)
    small.add(picture(99, "small.png"), bundle)
    worker.enlist(large)
    before = len(screened)
    worker.enlist(small)
    assert small.wait(60)
    assert screened.index("small.png") <= before + 3
    assert large.wait(60)
    assert len(large.items()) == 20


def test_a_session_without_a_browser_waits_for_those_with_one(bundle: Bundle) -> None:
    worker, away, here = ScreeningWorker(), ScreeningQueue({}, lambda: False), ScreeningQueue({})
    worker._last_turn[away] = worker._last_turn[here] = 0
    away.add(picture(1), bundle)
    assert worker.next_queue() is away
    here.add(picture(2), bundle)
    assert worker.next_queue() is here
    assert worker.next_queue() is here


@pytest.mark.parametrize("closed_by", ["the server", "Streamlit"])
def test_a_closed_session_gives_its_memory_back(
    bundle: Bundle, screened: list[str], sessions: Sessions, closed_by: str
) -> None:
    kept: dict[str, ScreenedPage] = {}
    queue, worker, closed_sessions = ScreeningQueue(kept), ScreeningWorker(), ClosedSessions(forget_after_s=0)
    closed_sessions.at_end("one", partial(worker.dismiss, queue))
    sessions.connected = {"one", "other"}
    queue.add(picture(1), bundle)
    run(queue)
    queue.add(picture(2), bundle)
    worker._last_turn[queue] = 0
    closed_sessions.close_left()
    assert len(kept) == 1, "it is open"
    page = weakref.ref(next(iter(kept.values())))
    sessions.connected.remove("one")
    if closed_by == "Streamlit":
        sessions.there.remove("one")
    assert closed_sessions.close_left() == (closed_by == "the server")
    assert sessions.there == {"other"}
    gc.collect()
    assert page() is None
    assert not queue.waiting()
    assert worker.next_queue() is None
    assert screened == ["1.png"]


def test_a_short_break_of_the_network_loses_nothing(bundle: Bundle, screened: list[str], sessions: Sessions) -> None:
    queue, worker, closed_sessions = ScreeningQueue({}, lambda: False), ScreeningWorker(), ClosedSessions()
    closed_sessions.at_end("one", partial(worker.dismiss, queue))
    queue.add(picture(1), bundle)
    worker.enlist(queue)
    assert queue.wait(60)
    assert closed_sessions.close_left() == 0
    assert titles(queue) == ["1.png"]


def test_one_bad_file_stops_no_other(bundle: Bundle, screened: list[str], caplog: pytest.LogCaptureFixture) -> None:
    queue, worker = ScreeningQueue({}), ScreeningWorker()
    for each in (picture(1, "broken.png"), Picture("letter.docx", b"PK\3\4 no picture"), picture(2)):
        queue.add(each, bundle)
    worker.enlist(queue)
    assert queue.wait(60)
    by_title = {item.title: item.prediction for item in queue.items()}
    assert [p.status for p in by_title.values()] == ["error", "error", "ok"]
    assert "ZeroDivisionError" in (by_title["broken.png"].reason or "")
    assert "in screen\n" in caplog.text and "ZeroDivisionError" in caplog.text, "the log says where it was"
    assert "broken.png" not in caplog.text, "and not whose page"
    assert by_title["letter.docx"].reason


def test_a_fault_of_a_decoder_stops_no_other(
    bundle: Bundle, screened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, worker = ScreeningQueue({}), ScreeningWorker()
    read = waiting_files.read_untrusted_pages

    def read_pages(content: bytes, name: str, choice: PageChoice | None) -> list[DecodedPage]:
        if name == "1.png":
            raise IndexError
        return read(content, name, choice)

    monkeypatch.setattr(waiting_files, "read_untrusted_pages", read_pages)
    for shade in (1, 2):
        queue.add(picture(shade), bundle)
    worker.enlist(queue)
    assert queue.wait(60)
    assert [item.prediction.status for item in queue.items()] == ["error", "ok"]


def test_the_same_file_again_is_the_same_row_and_under_another_name_a_row_with_the_same_answer(
    bundle: Bundle, screened: list[str]
) -> None:
    queue = ScreeningQueue({})
    first, again, copy = (queue.add(picture(1, name), bundle) for name in ("a.png", "a.png", "copy of a.png"))
    run(queue)
    assert screened == ["a.png"]
    assert queue.row_of(first) == queue.row_of(again) != queue.row_of(copy)
    assert titles(queue) == ["a.png", "copy of a.png"]
    one, other = queue.items()
    assert other.same_as == "a.png"
    assert replace(other.prediction, file="a.png") == one.prediction
    queue.remove(one.key)
    queue.add(picture(1, "a.png"), bundle)
    run(queue)
    assert sorted(titles(queue)) == ["a.png", "copy of a.png"]


def test_each_file_is_screened_by_the_model_that_was_in_use_when_it_was_dropped(
    bundle: Bundle, screened: list[str]
) -> None:
    queue, newer = ScreeningQueue({}), replace(bundle, version="newer")
    queue.add(picture(1), bundle)
    queue.add(picture(2), newer)
    queue.add(picture(1), newer)
    run(queue)
    assert [(item.title, item.prediction.bundle) for item in queue.items()] == [
        ("1.png", bundle.version),
        ("2.png", "newer"),
        ("1.png", "newer"),
    ]


def test_what_is_stopped_stays_listed_and_can_be_continued(bundle: Bundle, screened: list[str]) -> None:
    queue = ScreeningQueue({})
    for shade in range(4):
        queue.add(picture(shade), bundle)
    run(queue, 3)
    queue.stop()
    assert not queue.is_busy
    assert {file.state for file in queue.waiting()} == {"stopped"}
    queue.add(picture(9), bundle)
    run(queue)
    assert "9.png" in titles(queue), "what is dropped later is screened"
    assert {file.state for file in queue.waiting()} == {"stopped"}
    queue.resume()
    run(queue)
    assert sorted(titles(queue)) == ["0.png", "1.png", "2.png", "3.png", "9.png"]


def test_what_is_removed_while_it_is_screened_does_not_come_back(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, worker = ScreeningQueue({}), ScreeningWorker()
    begun, go_on = threading.Event(), threading.Event()

    def screen(photo_rgb: ByteArray, bundle: Bundle, *, file: str, page: int, recording: object) -> Prediction:
        begun.set()
        assert go_on.wait(60)
        return Prediction(file, page, "ok", bundle=bundle.version)

    monkeypatch.setattr("pages.parts.screen.screened.screen", screen)
    first, _ = queue.add(picture(1), bundle), queue.add(picture(2), bundle)
    worker.enlist(queue)
    assert begun.wait(60)
    queue.remove(first)
    go_on.set()
    assert queue.wait(60)
    assert titles(queue) == ["2.png"]
    assert queue.row_of(first) is None


def test_pages_of_one_file_appear_one_by_one(bundle: Bundle, screened: list[str], tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full((30, 40, 3), shade, np.uint8)) for shade in (10, 20, 30)]
    pages[0].save(tmp_path / "fax.tif", save_all=True, append_images=pages[1:])
    queue = ScreeningQueue({})
    queue.add(Picture("fax.tif", (tmp_path / "fax.tif").read_bytes()), bundle)
    run(queue, 2)
    assert titles(queue) == ["fax.tif", "fax.tif, page 2"]
    run(queue)
    assert titles(queue) == ["fax.tif", "fax.tif, page 2", "fax.tif, page 3"]
    assert [int(item.shown.photo_rgb()[0, 0, 0]) for item in queue.items() if item.shown] == [10, 20, 30]


def test_a_session_holds_only_so_much_and_says_so(
    bundle: Bundle, screened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_files, "MAX_SESSION_BYTES", len(picture(1).content) + 10)
    queue = ScreeningQueue({})
    queue.add(picture(1), bundle)
    queue.add(picture(2), bundle)
    run(queue)
    by_title = {item.title: item.prediction for item in queue.items()}
    assert by_title["1.png"].status == "ok"
    assert by_title["2.png"].reason == waiting_files.SESSION_FULL


def test_a_picture_of_two_pages_gives_two_results_with_pictures_of_their_own(
    bundle: Bundle, screened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = [(0, 0, 40, 14), (0, 16, 40, 30)]
    monkeypatch.setattr("ecgcore.screening.several_pages.page_boxes", lambda *_: boxes)
    queue = ScreeningQueue({})
    page = np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    content = cv2.imencode(".png", page[..., ::-1])[1].tobytes()
    queue.add(Picture("two.png", content), bundle)
    run(queue)
    queue.add(Picture("again.png", content), bundle)
    run(queue)
    assert titles(queue) == [f"{name}, part {n} of 2" for name in ("two.png", "again.png") for n in (1, 2)]
    assert screened == ["two.png"] * 2
    for item, (x1, y1, x2, y2) in zip(queue.items(), boxes * 2, strict=True):
        assert item.shown is not None
        assert np.array_equal(item.shown.photo_rgb(), page[y1:y2, x1:x2])
    assert queue.items()[3].same_as == "two.png, part 2 of 2"
