"""What may be kept is chosen once; panels alone, results alone, and places that are painted black for ever."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from annotations import readings
from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.page import ExchangePage
from annotations.exchange.import_export import import_from
from annotations.maintenance.check_and_erase import check, erase_group
from annotations.model import LabelledBox, Picture, Provenance, Reading, StoreError
from annotations.pictures.files import PICTURES
from annotations.privacy.redaction import redact, redacted
from annotations.privacy.retention import retention_setting, save_result, saved_results, set_retention
from annotations.readings.panel_corners import corners_of, remember_corners
from annotations.readings.predictions import latest_prediction_id, proposals, record_prediction
from annotations.readings.snapshots import read_pages, take_snapshot
from annotations.store import Store
from ecgcore.page.decode.read import picture_hash, read_picture
from ecgcore.types import Box, ByteArray
from tests.support.stored_pictures import HEIGHT, NORMAL, WIDTH, picture_rgb, prediction

NAME = Box(5.5, 3.0, 40.0, 12.25)
"""Where a patient's name might stand."""


def files_of(store: Store) -> list[Path]:
    return [path for path in (store.folder / PICTURES).rglob("*") if path.is_file()]


def test_the_choice_is_remembered_and_can_be_changed(store: Store) -> None:
    assert retention_setting(store) is None
    for keep in ("panel", "photo"):
        set_retention(store, keep)  # type: ignore[arg-type]
        assert retention_setting(Store(store.folder)) == keep


def test_a_kept_result_has_no_picture_and_no_file_name(store: Store) -> None:
    save_result(store, replace(prediction(), file="Jane Doe.jpg"))
    (result,) = saved_results(store)
    assert (result["p_abnormal"], result["decision"], result["file"]) == (0.7, "abnormal", "")
    assert not files_of(store)
    assert b"Jane" not in store.database_path.read_bytes()


def test_pictures_get_neutral_names(store: Store) -> None:
    picture, _ = store.add_picture(picture_rgb(3))
    day, hash_start = picture.name.split()
    assert picture.created_at.startswith(day)
    assert picture.picture_hash.startswith(hash_start)


def test_painting_overwrites_pixels_and_keeps_what_people_said(store: Store, page: Picture) -> None:
    old_path = store.picture_path(page)
    prediction_id = record_prediction(store, page.id, prediction())
    readings.save(store, page.id, "Ada", NORMAL, base_revision_id=None, provenance=Provenance(prediction_id))
    take_snapshot(store, "before", "Ada")
    painted = redact(store, page.id, [NAME], "Ada")

    (photo_rgb,) = read_picture(store.picture_path(painted), "x")
    assert (photo_rgb[3:13, 5:40] == 0).all()
    untouched = np.ones((HEIGHT, WIDTH), dtype=bool)
    untouched[3:13, 5:40] = False
    assert (photo_rgb[untouched] == picture_rgb(0)[untouched]).all()

    assert not old_path.exists()
    assert files_of(store) == [store.picture_path(painted)]
    assert check(store) == []
    assert painted == replace(page, picture_hash=picture_hash(photo_rgb), file=painted.file)
    head = readings.head(store, page.id)
    assert head is not None
    assert head.reading == NORMAL
    assert len(proposals(store, prediction_id)) == 2
    (row,) = store.rows("SELECT person, x1, y1, x2, y2 FROM blackening")
    assert tuple(row.values()) == ("Ada", *NAME.as_list())
    for snapshot_id in (None, 1):
        assert [p.picture.picture_hash for p in read_pages(store, snapshot_id)] == [painted.picture_hash]


def test_the_unpainted_file_is_recognised_when_it_comes_again(store: Store, page: Picture) -> None:
    painted = redact(store, page.id, [NAME], "Ada")
    again, is_new = store.add_picture(picture_rgb(0))
    assert not is_new
    assert again == painted
    assert len(files_of(store)) == 1


def test_painting_twice_leaves_one_file_and_knows_all_former_pixels(store: Store, page: Picture) -> None:
    first = redact(store, page.id, [NAME], "Ada")
    second = redact(store, page.id, [Box(60, 60, 80, 70)], "Ben")
    assert files_of(store) == [store.picture_path(second)]
    for digest in (page.picture_hash, first.picture_hash, second.picture_hash):
        assert store.picture_by_hash(digest) == second


@pytest.mark.parametrize("boxes", [[], [Box(WIDTH, 0, WIDTH + 5, 5)]])
def test_nothing_to_paint_changes_nothing(store: Store, page: Picture, boxes: list[Box]) -> None:
    with pytest.raises(StoreError, match="No box"):
        redact(store, page.id, boxes, "Ada")
    assert store.picture(page.id) == page
    assert check(store) == []


def test_a_failed_transaction_leaves_the_old_picture(
    store: Store, page: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError):
        redact(store, page.id, [NAME], "nobody whom the store knows")
    assert store.picture(page.id) == page
    assert files_of(store) == [store.picture_path(page)]
    assert check(store) == []


def test_erasing_a_patient_takes_the_notes_on_paint_along(store: Store, page: Picture) -> None:
    redact(store, page.id, [NAME], "Ada")
    erase_group(store, page.group_key, "Ada")
    assert not files_of(store)
    assert not store.rows("SELECT 1 FROM former_hash UNION SELECT 1 FROM blackening")


EDGES = st.floats(0, 60)


@given(st.lists(st.tuples(EDGES, EDGES, st.floats(0.01, 60), st.floats(0.01, 60)), min_size=1, max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_pixel_that_a_box_touches_is_black_and_no_other_changes(
    corners: list[tuple[float, float, float, float]],
) -> None:
    photo_rgb: ByteArray = np.full((50, 60, 3), 200, dtype=np.uint8)
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in corners]
    painted = redacted(photo_rgb, boxes)
    rows, columns = np.mgrid[:50, :60]
    touched = np.zeros((50, 60), dtype=bool)
    for box in boxes:
        touched |= (columns + 1 > box.x1) & (columns < box.x2) & (rows + 1 > box.y1) & (rows < box.y2)
    assert (painted[touched] == 0).all()
    assert (painted[~touched] == 200).all()
    assert (photo_rgb == 200).all()


@pytest.fixture
def folder(tmp_path: Path, ecg_page_rgb: ByteArray) -> Path:
    """An export of one boxed ECG page whose file bears a person's name."""
    picture = tmp_path / "Jane Doe.png"
    Image.fromarray(ecg_page_rgb).save(picture)
    height, width = ecg_page_rgb.shape[:2]
    box = LabelledBox("a", Box(300.0, 400.0, 340.0, 460.0), None, "drawn")
    reading = Reading("normal", (box,), boxes_complete=True)
    page = ExchangePage("Jane Doe.png", picture, picture_hash(ecg_page_rgb), width, height, "g", reading)
    FORMATS["coco"].save(tmp_path / "out", iter([page]))
    return tmp_path / "out"


def test_an_import_keeps_only_the_panel_and_moves_its_boxes(
    store: Store, folder: Path, ecg_page_rgb: ByteArray
) -> None:
    set_retention(store, "panel")
    report = import_from(store, FORMATS["coco"], folder, "Ada")
    assert not report.refusals
    (page,) = read_pages(store)
    (stored_rgb,) = read_picture(store.picture_path(page.picture), "x")
    assert "Jane" not in page.picture.name
    assert stored_rgb.shape < ecg_page_rgb.shape
    (box,) = page.revision.reading.boxes
    x1, y1, x2, y2 = (round(edge) for edge in box.box_photo_xyxy.as_list())
    assert (stored_rgb[y1:y2, x1:x2] == ecg_page_rgb[400:460, 300:340]).all()
    again = import_from(store, FORMATS["coco"], folder, "Ada")
    assert (again.pictures_added, again.unchanged, again.refusals) == (0, 1, [])


def test_an_import_keeps_file_names_only_when_asked(store: Store, folder: Path) -> None:
    import_from(store, FORMATS["coco"], folder, "Ada", keep_names=True)
    (page,) = read_pages(store)
    assert page.picture.name == "Jane Doe.png"


def test_no_picture_is_imported_where_only_results_are_kept(store: Store, folder: Path) -> None:
    set_retention(store, "result")
    with pytest.raises(StoreError, match="Only results"):
        import_from(store, FORMATS["coco"], folder, "Ada")
    assert not files_of(store)
    assert latest_prediction_id(store, 1) is None


def test_the_corners_set_last_hold_and_all_are_kept(store: Store, page: Picture) -> None:
    assert corners_of(store, page.id) is None
    first = np.array([[1.0, 2.0], [100.0, 3.0], [99.0, 70.0], [2.0, 71.5]])
    remember_corners(store, page.id, first, None)
    remember_corners(store, page.id, first + 0.25, "Ada")
    held = corners_of(store, page.id)
    assert held is not None
    assert held.tolist() == (first + 0.25).tolist()
    assert [row["person"] for row in store.rows("SELECT person FROM panel_corners ORDER BY id")] == [None, "Ada"]
