"""Copies of a page are recognised, put into one group, and told apart for good where a person says so."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from annotations import readings
from annotations.duplicate_review import (
    compare_older,
    count_pairs,
    count_unhashed,
    not_the_same,
    pairs,
    same_patient,
)
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import export_to, import_from
from annotations.maintenance.check_and_erase import erase_group
from annotations.model import StoreError
from annotations.patients.keys import patient_group
from annotations.pictures.perceptual_hash import BITS, NO_HASH, distances, perceptual_hash
from annotations.store import Store
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.types import ByteArray
from tests.support.stored_pictures import NORMAL, picture_rgb


def jpeg(photo_rgb: ByteArray, quality: int = 60) -> ByteArray:
    _, encoded = cv2.imencode(".jpg", photo_rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def scaled(photo_rgb: ByteArray, scale: float) -> ByteArray:
    return np.asarray(cv2.resize(photo_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def copy_of(photo_rgb: ByteArray) -> ByteArray:
    """The same picture, a little darker."""
    return np.asarray(photo_rgb * 0.9, np.uint8)


def test_copies_of_a_page_are_near_and_other_pages_of_its_look_are_far(ecg_page_rgb: ByteArray) -> None:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed=5)
    other = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=5.0), 5).image_rgb
    height, width = ecg_page_rgb.shape[:2]
    copies = [
        jpeg(ecg_page_rgb),
        scaled(ecg_page_rgb, 0.6),
        scaled(ecg_page_rgb, 1.4),
        copy_of(ecg_page_rgb),
        ecg_page_rgb[height // 50 :, width // 60 :],
        jpeg(copy_of(scaled(ecg_page_rgb[: -height // 60], 0.8))),
    ]
    far = distances(perceptual_hash(ecg_page_rgb), [perceptual_hash(copy) for copy in [*copies, other]])
    assert far[:-1].max() < 1 < far[-1]


def test_without_a_panel_the_whole_picture_is_compared() -> None:
    phashes = [
        perceptual_hash(p)
        for p in (picture_rgb(1), copy_of(picture_rgb(1)), picture_rgb(2), np.zeros_like(picture_rgb(1)))
    ]
    assert [len(phash) for phash in phashes] == [BITS // 4, BITS // 4, BITS // 4, 1]
    assert phashes[3] == NO_HASH
    near, far, nothing = distances(phashes[0], phashes[1:])
    assert near < 1 < far
    assert nothing == np.inf
    assert distances(NO_HASH, [NO_HASH])[0] == np.inf
    assert len(distances(phashes[0], [])) == 0


def test_a_copy_joins_the_group_of_its_twin_with_its_hold_out(store: Store) -> None:
    first, _ = store.add_picture(picture_rgb(1), group="p")
    store.hold_out(["p"])
    copy, _ = store.add_picture(copy_of(picture_rgb(1)), group="other")
    stranger, _ = store.add_picture(picture_rgb(2))
    assert (copy.group_key, copy.is_holdout) == ("p", True)
    assert stranger.group_key not in ("p", copy.group_key)
    assert count_pairs(store) == 0
    (pair,) = pairs(store, joined=True)
    assert (pair.earlier.id, pair.later.id) == (first.id, copy.id)


def test_two_groups_with_a_fold_wait_for_a_person(store: Store) -> None:
    for number, group in ((1, "p"), (2, "q")):
        store.add_picture(picture_rgb(number), group=group)
    store.db.conn.execute("UPDATE page_group SET fold = rowid")
    copy, _ = store.add_picture(copy_of(picture_rgb(1)), group="q")
    assert copy.group_key == "q"
    (pair,) = pairs(store)
    with pytest.raises(StoreError, match="cannot become one"):
        same_patient(store, pair)
    not_the_same(store, pair, "Ada")
    assert count_pairs(store) == count_pairs(store, joined=True) == 0
    assert store.rows("SELECT not_the_same_by FROM look_alike") == [{"not_the_same_by": "Ada"}]


def test_who_is_told_apart_is_never_joined_again_by_itself(store: Store) -> None:
    first, _ = store.add_picture(picture_rgb(1))
    second, _ = store.add_picture(copy_of(picture_rgb(1)))
    assert second.group_key == first.group_key
    not_the_same(store, pairs(store, joined=True)[0], "Ada")
    groups = {store.picture(i).group_key for i in (first.id, second.id)}
    assert len(groups) == 2
    third, _ = store.add_picture(copy_of(copy_of(picture_rgb(1))))
    assert third.group_key in groups
    assert len({store.picture(i).group_key for i in (first.id, second.id)}) == 2


def test_a_whole_patient_comes_along(store: Store) -> None:
    store.add_picture(picture_rgb(1), group="p")
    store.add_picture(picture_rgb(2), group="q")
    store.add_picture(copy_of(picture_rgb(1)), group="q")
    assert {row["group_key"] for row in store.rows("SELECT group_key FROM image")} == {"p"}


def test_the_name_that_somebody_gave_a_group_is_kept(store: Store) -> None:
    first, _ = store.add_picture(picture_rgb(1))
    copy, _ = store.add_picture(copy_of(picture_rgb(1)), group="patient 7")
    assert copy.group_key == store.picture(first.id).group_key == "patient 7"


def test_older_pictures_are_compared_without_moving_any(store: Store) -> None:
    first, _ = store.add_picture(picture_rgb(1))
    store.db.conn.execute("UPDATE image SET look_hash = ''")
    second, _ = store.add_picture(copy_of(picture_rgb(1)))
    gone, _ = store.add_picture(picture_rgb(3))
    store.db.conn.execute("UPDATE image SET look_hash = '' WHERE id = ?", (gone.id,))
    store.picture_path(gone).unlink()
    assert (count_unhashed(store), count_pairs(store)) == (2, 0)
    assert compare_older(store) == 1
    assert (count_unhashed(store), count_pairs(store)) == (1, 1)
    assert store.picture(first.id).group_key != store.picture(second.id).group_key
    (pair,) = pairs(store)
    same_patient(store, pair)
    assert store.picture(first.id).group_key == store.picture(second.id).group_key
    assert count_pairs(store) == 0


def test_pairs_of_the_bin_wait_there_and_erased_ones_are_gone(store: Store) -> None:
    store.add_picture(picture_rgb(1))
    second, _ = store.add_picture(copy_of(picture_rgb(1)))
    store.bin([second.id])
    assert count_pairs(store, joined=True) == 0
    store.bin([second.id], restore=True)
    assert count_pairs(store, joined=True) == 1
    erase_group(store, second.group_key, "Ada")
    assert store.rows("SELECT * FROM look_alike") == []


def test_an_import_says_which_pictures_are_copies(store: Store, tmp_path: Path) -> None:
    for number in (1, 2):
        picture, _ = store.add_picture(picture_rgb(number), group=f"p{number}", name=f"scan {number}.png")
        readings.save(store, picture.id, "Ada", NORMAL, base_revision_id=None)
    export_to(store, FORMATS["coco"], tmp_path / "out")
    other = Store(tmp_path / "other")
    other.add_person("Eve")
    known, _ = other.add_picture(copy_of(picture_rgb(1)), group="held", name="known.png")
    other.hold_out(["held"])
    report = import_from(other, FORMATS["coco"], tmp_path / "out", "Eve", keep_names=True)
    assert report.pictures_added == 2
    (told,) = report.near_duplicates
    assert "scan 1.png" in told and "known.png" in told and "now, in the permanent test set" in told
    assert other.picture(2).group_key == known.group_key
    assert other.picture(3).group_key == patient_group(other, "p2")
