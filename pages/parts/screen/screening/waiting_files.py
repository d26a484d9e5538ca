"""The files of one session that wait to be screened, and the step that screens the next page of them.

Nothing here knows Streamlit: a page of the app puts files in, the worker's thread takes them out, and both may be at it
at once.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import UnreadablePictureError
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.isolated import read_untrusted_pages
from ecgcore.page.decode.limits import ChoosePagesError
from ecgcore.page.prepare import prepare_page
from ecgcore.screening.half_pages import join_halves
from ecgcore.screening.several_pages import split_pages
from pages.parts.screen.screened import (
    Picture,
    ScreenedPage,
    page_key,
    same_picture,
    screen_page,
    with_a_question,
    with_prediction,
    without_picture,
)

MAX_SESSION_BYTES = 2**29
"""Of pictures that one session may hold; what is dropped beyond is told."""
SESSION_FULL = (
    f"Not screened: the pictures of this session have reached the limit of {MAX_SESSION_BYTES // 2**20} MB. Save its "
    "results, remove pages and drop this file again."
)
BROKEN = "It could not be screened because of a fault in this program ({fault}). The server's log says more."

logger = logging.getLogger(__name__)

State = Literal["waiting", "screening", "stopped"]


@dataclass(frozen=True)
class Waiting:
    """One file before its result: its row's id, its name and how it stands."""

    id: str
    name: str
    state: State


@dataclass
class _File:
    id: str
    picture: Picture
    bundle: Bundle
    is_stopped: bool = False
    pages: Iterator[ScreenedPage] | None = None


class ScreeningQueue:
    """One session's pages: what waits, what is being screened, and what was said.

    Args:
        results: the session's results by key; pages are added to it as they are done.
        is_connected: whether a browser shows the session.
    """

    def __init__(self, results: dict[str, ScreenedPage], is_connected: Callable[[], bool] = lambda: True) -> None:
        self.results = results
        self.is_connected = is_connected
        self.changed = threading.Condition(threading.RLock())
        self._files: dict[str, _File] = {}
        self._keys_of: dict[str, list[str]] = {}  # the results of each file, by its id
        self._ids_of: dict[str, str] = {}  # which file had this content first
        self._count = 0
        self._began_s, self._finished = 0.0, 0

    def add(self, picture: Picture, bundle: Bundle) -> str:
        """Take a file; returns its row's id. What cannot be taken gets its result, the reason, at once.

        Args:
            picture: the file.
            bundle: which is to screen it.
        """
        with self.changed:
            self._count += 1
            id_ = f"file-{self._count}"
            self._keys_of[id_] = []
            reason = picture.refusal
            if reason is None and self._size_bytes() + len(picture.content) > MAX_SESSION_BYTES:
                reason = SESSION_FULL
            if reason is not None:
                self._put(id_, without_picture(picture, 1, reason, bundle))
                return id_
            if not self.is_busy:
                self._began_s, self._finished = time.monotonic(), 0
            self._files[id_] = _File(id_, picture, bundle)
            return id_

    @property
    def is_busy(self) -> bool:
        """Whether a file waits for the worker or is with it."""
        with self.changed:
            return any(not file.is_stopped for file in self._files.values())

    def waiting(self) -> list[Waiting]:
        """The files without a result, in the order in which they came."""
        with self.changed:
            return [Waiting(file.id, file.picture.name, _state(file)) for file in self._files.values()]

    def items(self) -> list[ScreenedPage]:
        """The results, in the order in which they came."""
        with self.changed:
            return list(self.results.values())

    def row_of(self, id_: str) -> str | None:
        """Where a file's row is now: its own id while it waits, then its first result's key; None when it is gone."""
        with self.changed:
            if id_ in self.results:
                return id_
            keys = [key for key in self._keys_of.get(id_, ()) if key in self.results]
            return keys[0] if keys else id_ if id_ in self._files else None

    def progress(self) -> tuple[int, int, float | None]:
        """Files done and files in all since the queue was last empty, and the seconds left if they are known."""
        with self.changed:
            left = sum(not file.is_stopped for file in self._files.values())
            spent_s = time.monotonic() - self._began_s
            left_s = spent_s / self._finished * left if self._finished >= 2 else None
            return self._finished, self._finished + left, left_s

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is left to screen, or until the time is over; returns whether all is done."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.is_busy, timeout_s)

    def stop(self) -> None:
        """Leave all that waits unscreened; it stays listed."""
        with self.changed:
            for file in self._files.values():
                file.is_stopped, file.pages = True, None
            self.changed.notify_all()

    def resume(self) -> None:
        """Go on with what was stopped."""
        with self.changed:
            self._began_s, self._finished = time.monotonic(), 0
            for file in self._files.values():
                file.is_stopped = False

    def remove(self, id_: str) -> None:
        """Forget one row: a result by its key, or a file that waits by its id."""
        with self.changed:
            self.results.pop(id_, None)
            self._files.pop(id_, None)
            self.changed.notify_all()

    def clear(self) -> None:
        """Forget every file and every result."""
        with self.changed:
            for memory in (self.results, self._files, self._keys_of, self._ids_of):
                memory.clear()
            self.changed.notify_all()

    def screen_next(self) -> None:
        """Screen one page of the file whose turn it is; for the worker alone."""
        with self.changed:
            file = next((file for file in self._files.values() if not file.is_stopped), None)
            if file is None:
                return
            pages = file.pages = file.pages or self._pages(file)
        try:
            page = next(pages, None)
        except Exception as error:  # noqa: BLE001 - nobody above the worker's thread could tell
            logger.log(logging.ERROR, "a dropped file could not be screened\n%s", _without_words(error))
            page = _broken(file, 1, error)
        with self.changed:
            if self._files.get(file.id) is not file or file.pages is not pages:  # removed or stopped meanwhile
                return
            if page is None:
                del self._files[file.id]
                self._finished += 1
            else:
                self._put(file.id, page)
            self.changed.notify_all()

    def _pages(self, file: _File) -> Iterator[ScreenedPage]:
        """The results of a file's pages; a page that cannot be screened never stops the next."""
        picture, bundle = file.picture, file.bundle
        content = f"{bundle.version} {sha256(picture.content).hexdigest()} {picture.pages}"
        known = self._screened_before(content)
        if known:
            for item in known:
                yield same_picture(item, item.prediction.page, item.prediction.part, picture)
            return
        try:
            pages = read_untrusted_pages(picture.content, picture.name, picture.pages)
        except ChoosePagesError as error:
            yield with_a_question(picture, error.cause, bundle)
            return
        except UnreadablePictureError as error:
            yield without_picture(picture, 1, str(error), bundle)
            return
        yield from join_halves(self._each(pages, file), bundle, lambda item: item.prediction, with_prediction)
        with self.changed:
            self._ids_of[content] = file.id

    def _each(self, pages: list[DecodedPage], file: _File) -> Iterator[ScreenedPage]:
        """The pages of a file, each by itself."""
        picture, bundle, of = file.picture, file.bundle, len(pages)
        while pages:
            number = pages[0].number
            try:
                for page in split_pages(pages.pop(0), prepare_page):
                    before = self.results.get(page_key(page.photo_rgb, bundle))
                    item = before or screen_page(page, of, picture, bundle)
                    yield same_picture(item, number, page.part, picture)
            except Exception as error:  # noqa: BLE001 - the next page is screened all the same
                logger.log(
                    logging.ERROR, "page %d of a dropped file could not be screened\n%s", number, _without_words(error)
                )
                yield _broken(file, number, error)

    def _screened_before(self, content: str) -> list[ScreenedPage]:
        """The results of a file of this content, unless one of them was removed."""
        with self.changed:
            keys = self._keys_of.get(self._ids_of.get(content, ""), [])
            return [self.results[key] for key in keys] if all(key in self.results for key in keys) else []

    def _put(self, id_: str, item: ScreenedPage) -> None:
        if item.size_bytes and item.key not in self.results and self._size_bytes() > MAX_SESSION_BYTES:
            picture = Picture(item.prediction.file, b"")
            item = without_picture(picture, item.prediction.page, SESSION_FULL, item.bundle)
        self.results.setdefault(item.key, item)
        self._keys_of[id_].append(item.key)

    def _size_bytes(self) -> int:
        """Of all pictures that the session holds; one that lies under two names counts twice."""
        waiting = sum(len(file.picture.content) for file in self._files.values())
        return waiting + sum(item.size_bytes for item in self.results.values())


def _state(file: _File) -> State:
    return "stopped" if file.is_stopped else "waiting" if file.pages is None else "screening"


def _without_words(error: Exception) -> str:
    """Where an error came from and of which type it is, for the log: its words may quote the name of a file."""
    return "".join([*traceback.format_tb(error.__traceback__), type(error).__name__])


def _broken(file: _File, number: int, error: Exception) -> ScreenedPage:
    return without_picture(file.picture, number, BROKEN.format(fault=type(error).__name__), file.bundle)
