"""Who gets which page, and that two people never get the same one."""

from datetime import UTC, datetime, timedelta

import pytest

from annotations import readings
from annotations.model import Picture
from annotations.readings import work_queue
from annotations.readings.predictions import record_prediction
from annotations.store import Store
from tests.support.stored_pictures import ABNORMAL, NORMAL, picture_rgb, prediction


@pytest.fixture
def pages(store: Store) -> list[Picture]:
    """Four pages, the third the most uncertain, the first the least; the last never screened."""
    pages = [store.add_picture(picture_rgb(i))[0] for i in range(4)]
    for page, p in zip(pages, (0.99, 0.8, 0.5), strict=False):
        record_prediction(store, page.id, prediction(p))
    return pages


def _all(store: Store, person: str, order: work_queue.Order) -> list[int]:
    """Every page of a queue, each read as soon as it is given."""
    given = []
    while (image_id := work_queue.next_page(store, person, order)) is not None:
        given.append(image_id)
        readings.save(store, image_id, person, NORMAL, base_revision_id=None)
    return given


def test_orders(store: Store, pages: list[Picture]) -> None:
    ids = [page.id for page in pages]
    assert work_queue.next_page(store, "Ada", "newest") == ids[3]
    assert work_queue.next_page(store, "Ada", "uncertain") == ids[2]
    assert _all(store, "Ada", "uncertain") == [ids[2], ids[1], ids[0], ids[3]]
    assert work_queue.next_page(store, "Ada", "random") is None


def test_random_gives_each_page_once(store: Store, pages: list[Picture]) -> None:
    assert sorted(_all(store, "Ben", "random")) == [page.id for page in pages]


def test_two_people_get_different_pages_until_a_lease_ends(store: Store, pages: list[Picture]) -> None:
    first = work_queue.next_page(store, "Ada", "uncertain")
    assert first is not None
    assert work_queue.next_page(store, "Ben", "uncertain") != first
    assert work_queue.lease(store, first, "Ben") == "Ada"
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="milliseconds")
    store.db.conn.execute("UPDATE lease SET expires_at = ? WHERE person = 'Ada'", (past,))
    assert work_queue.next_page(store, "Ben", "uncertain") == first
    assert work_queue.lease(store, first, "Ada") == "Ben"


def test_a_skipped_page_comes_back_for_others_only(store: Store, pages: list[Picture]) -> None:
    first = work_queue.next_page(store, "Ada", "uncertain")
    assert first is not None
    readings.skip(store, first, "Ada", base_revision_id=None)
    assert work_queue.next_page(store, "Ada", "uncertain") != first
    assert work_queue.next_page(store, "Ben", "uncertain") == first


def test_the_page_at_hand_is_not_given_again(store: Store, pages: list[Picture]) -> None:
    first = work_queue.next_page(store, "Ada", "uncertain")
    assert first is not None
    assert work_queue.next_page(store, "Ada", "uncertain", after=first) not in (None, first)


def test_second_reading_hides_ones_own_and_what_one_read_twice(store: Store, pages: list[Picture]) -> None:
    a, b = pages[0].id, pages[1].id
    readings.save(store, a, "Ada", NORMAL, base_revision_id=None)
    readings.save(store, b, "Ben", ABNORMAL, base_revision_id=None)
    assert work_queue.next_page(store, "Ada", "second") == b
    assert work_queue.reader_of("second", "Ada") == "Ada"
    readings.save(store, b, "Ada", NORMAL, base_revision_id=None, reader="Ada")
    assert work_queue.next_page(store, "Ada", "second") is None
    assert work_queue.next_page(store, "Ben", "second") == a


def test_flagged_and_returned_pages_wait_in_one_queue(store: Store, pages: list[Picture]) -> None:
    flagged = readings.save(store, pages[0].id, "Ada", ABNORMAL, base_revision_id=None)
    plain = readings.save(store, pages[1].id, "Ada", NORMAL, base_revision_id=None)
    assert work_queue.progress(store, "Ben", "flagged").waiting == 1
    readings.add_review(store, plain.id, "Ben", "returned", "look again")
    assert work_queue.progress(store, "Ben", "flagged").waiting == 2
    assert work_queue.next_page(store, "Ben", "flagged") == flagged.image_id


def test_the_bin_is_in_no_queue_and_progress_counts(store: Store, pages: list[Picture]) -> None:
    store.bin([pages[2].id])
    assert work_queue.progress(store, "Ada", "uncertain") == work_queue.Progress(waiting=3, done=0, done_today=0)
    _all(store, "Ada", "uncertain")
    assert work_queue.progress(store, "Ada", "uncertain") == work_queue.Progress(waiting=0, done=3, done_today=3)


def test_a_lease_that_was_made_while_the_clock_was_wrong_holds_nothing(store: Store, pages: list[Picture]) -> None:
    first = work_queue.next_page(store, "Ada", "uncertain")
    assert first is not None
    far = (datetime.now(UTC) + timedelta(days=365)).isoformat(timespec="milliseconds")
    store.db.conn.execute("UPDATE lease SET expires_at = ?", (far,))
    assert work_queue.lease(store, first, "Ben") is None
    store.db.conn.execute("UPDATE lease SET expires_at = ?, person = 'Ada'", (far,))
    assert work_queue.next_page(store, "Ben", "uncertain") == first
