"""Tables are read strictly, pages are prepared once, and nothing is lost without being counted."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from annotations.readings.panel_corners import remember_corners
from annotations.readings.snapshots import read_pages
from ecgcore.errors import DataError
from ecgcore.page.decode.read import read_picture
from ecgcore.page.prepare import prepare_page
from tests.support.prepared_pages import save_page
from tests.support.training_store import make_training_store
from trainer.data import prepare
from trainer.data.csv_table import read_table
from trainer.data.page import PageItem
from trainer.data.prepare import prepare_item, prepare_pages
from trainer.data.store_pages import pages_of_store


def write_table(folder: Path, *rows: str, header: str = "file,label,group,boxes") -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_rows_boxes_and_skipped_labels(tmp_path: Path) -> None:
    table = read_table(
        write_table(
            tmp_path,
            'a.png,normal,p1,"[[1,2,3,4],[5.5,6,7,8]]"',
            "b.png,abnormal,,[]",
            "c.png, normal ,p2,",
            "d.png,unsure,p2,",
            "e.png,,p2,",
        ),
        tmp_path,
    )
    assert [(item.key, item.label, item.group) for item in table.items] == [
        ("a.png", 0, "p1"),
        ("b.png", 1, ""),
        ("c.png", 0, "p2"),
    ]
    boxes = [item.boxes_photo_xyxy for item in table.items]
    assert boxes[0] is not None
    assert boxes[0].tolist() == [[1, 2, 3, 4], [5.5, 6, 7, 8]]
    assert boxes[1] is not None
    assert boxes[1].shape == (0, 4)
    assert boxes[2] is None
    assert table.skipped_labels == {"unsure": 1, "(empty)": 1}


def test_further_columns_byte_order_mark_and_missing_boxes_column(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\ufeffnote,file,label,group\nx,a.png,normal,p1\n", encoding="utf-8")
    (item,) = read_table(path, tmp_path).items
    assert (item.key, item.boxes_photo_xyxy) == ("a.png", None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("../a.png,normal,p,", "leaves the data folder"),
        ("/etc/a.png,normal,p,", "leaves the data folder"),
        (",normal,p,", "file name is empty"),
        ("good.png,normal,p,", "listed twice"),
        ("a.png,normal,p,oops", "not JSON"),
        ('a.png,normal,p,"{""x"": 1}"', "not a list"),
        ('a.png,normal,p,"[[1,2,3]]"', "not [x1, y1, x2, y2]"),
        ('a.png,normal,p,"[[3,2,1,4]]"', "must satisfy"),
        ('a.png,normal,p,"[[-1,2,1,4]]"', "must satisfy"),
        ('a.png,normal,p,"[[NaN,2,1,4]]"', "not [x1, y1, x2, y2]"),
        ("a.png,normal", "cells"),
        ("a.png,normal,p,,5,6", "cells"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table(write_table(tmp_path, "good.png,normal,p,", row), tmp_path)
    assert "line 3" in str(caught.value)
    assert reason in str(caught.value)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "inside" / "a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(DataError, match="leaves the data folder"):
        read_table(write_table(tmp_path, "a.png,normal,p,"), tmp_path / "inside")


def test_unusable_tables(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column group"):
        read_table(write_table(tmp_path, "a.png,normal", header="file,label"), tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "none.csv", tmp_path)
    (tmp_path / "latin.csv").write_bytes("file,label,group\né,normal,p\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_table(tmp_path / "latin.csv", tmp_path)
    with pytest.raises(DataError, match="no folder"):
        read_table(tmp_path / "none.csv", tmp_path / "none")


def test_pages_are_prepared_boxed_and_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes_photo = save_page(tmp_path / "a.png", "normal", seed=1)
    item = PageItem("a.png", tmp_path / "a.png", 0, "p1", boxes_photo)
    first = prepare_pages([item], tmp_path / "cache").pages[0]
    assert first.boxes_panel_xyxy is not None
    assert len(first.boxes_panel_xyxy) == len(boxes_photo)
    inked = [first.ink[int(y1) : int(y2), int(x1) : int(x2)].max() for x1, y1, x2, y2 in first.boxes_panel_xyxy]
    assert min(inked) > 100

    def fail(*_: object) -> None:
        raise AssertionError("prepared twice")

    monkeypatch.setattr(prepare, "read_page", fail)
    monkeypatch.setattr(prepare, "read_leads", fail)
    again = prepare_pages([item], tmp_path / "cache").pages[0]
    assert first.leads_mv is not None and again.leads_mv is not None and again.measured is not None
    assert np.array_equal(first.leads_mv, again.leads_mv, equal_nan=True)
    assert first.measured is not None and np.isfinite(first.measured).any()
    assert np.array_equal(first.measured, again.measured, equal_nan=True)
    assert np.array_equal(first.ink, again.ink)
    assert np.allclose(first.boxes_panel_xyxy, again.boxes_panel_xyxy)


def test_unusable_pages_are_left_out_with_their_reason(tmp_path: Path) -> None:
    save_page(tmp_path / "good.png", "normal", seed=1)
    cv2.imwrite(str(tmp_path / "copy.png"), cv2.imread(str(tmp_path / "good.png")))
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((600, 900, 3), 255, np.uint8))
    names = ["good.png", "copy.png", "broken.png", "blank.png", "missing.png"]
    items = [PageItem(name, tmp_path / name, 0) for name in names]
    items.append(PageItem("boxed.png", tmp_path / "good.png", 0, "", np.array([[0.0, 0.0, 99999.0, 10.0]])))
    prepared = prepare_pages(items, tmp_path / "cache")
    assert [page.key for page in prepared.pages] == ["good.png"]
    assert set(prepared.left_out) == {*names[1:], "boxed.png"}
    assert "same picture as good.png" in prepared.left_out["copy.png"]
    assert "outside the picture" in prepared.left_out["boxed.png"]
    with pytest.raises(DataError, match="None of the 2 pages"):
        prepare_pages(items[2:4], tmp_path / "cache")


def test_a_damaged_cache_entry_is_prepared_again(tmp_path: Path) -> None:
    save_page(tmp_path / "a.png", "normal", seed=1)
    item = PageItem("a.png", tmp_path / "a.png", 0)
    first = prepare_pages([item], tmp_path / "cache").pages[0]
    for path in (tmp_path / "cache").glob("*.png"):
        path.write_bytes(b"")
    assert np.array_equal(prepare_pages([item], tmp_path / "cache").pages[0].ink, first.ink)
    assert json.loads(next((tmp_path / "cache").glob("*.json")).read_text())["photo_from_panel"]


def test_a_training_takes_the_panel_between_the_corners_that_a_person_set(tmp_path: Path) -> None:
    store = make_training_store(tmp_path / "data")
    (item, *others) = pages_of_store(store).train
    plain = prepare_item(item, tmp_path)
    width, height = plain.ink.shape[1], plain.ink.shape[0]
    frame = prepare_page(read_picture(item.path, item.key)[0]).frame
    left_half = frame.points_to_photo([[0, 0], [0.6 * width, 0], [0.6 * width, height], [0, height]])
    picture = next(p.picture for p in read_pages(store) if p.picture.file == item.key)
    remember_corners(store, picture.id, frame.corners_photo_xy, "Ada")
    remember_corners(store, picture.id, left_half, "Ada")
    again, *same = pages_of_store(store).train
    assert again.corners_photo_xy is not None
    assert (
        [other.corners_photo_xy for other in same] == [other.corners_photo_xy for other in others] == [None] * len(same)
    )
    by_hand = prepare_item(again, tmp_path)
    assert abs(by_hand.ink.shape[1] / width - 0.6) < 0.1
    assert by_hand.boxes_panel_xyxy is not None
    assert plain.boxes_panel_xyxy is not None
    assert 0 < len(by_hand.boxes_panel_xyxy) < len(plain.boxes_panel_xyxy)
    np.testing.assert_array_equal(prepare_item(again, tmp_path).ink, by_hand.ink)  # from the cache
    np.testing.assert_array_equal(prepare_item(item, tmp_path).ink, plain.ink)
