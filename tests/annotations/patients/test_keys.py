"""One key of a patient, typed or imported, leads to one group; the folder holds no key, and erasing finds by it."""

import csv
import json
import stat
from collections.abc import Iterable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotations.duplicate_review import count_pairs, pairs, same_patient
from annotations.exchange.formats import FORMATS
from annotations.exchange.import_export import export_to, import_from
from annotations.maintenance.backup import backup, restore
from annotations.maintenance.check_and_erase import check, erase_group
from annotations.model import Reading, StoreError
from annotations.patients.keys import (
    HMAC_KEY_FILE,
    find_patient,
    group_code,
    group_words,
    hmac_key_of,
    name_patient,
    normal_key,
    patient_group,
)
from annotations.readings import save
from annotations.runs.group_folds import fix_folds
from annotations.store import Store
from tests.support.stored_pictures import NORMAL, picture_rgb

KEY = "MRN 0012-Ä345"


def page_of(store: Store, number: int, key: str = "") -> int:
    """A stored picture, of a patient where a key is given."""
    return store.add_picture(picture_rgb(number), group=patient_group(store, key) if key else "")[0].id


def groups(store: Store) -> list[str]:
    return [row["group_key"] for row in store.rows("SELECT group_key FROM image ORDER BY id")]


def everything(store: Store) -> bytes:
    """All bytes of the data folder."""
    store.close()
    return b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())


def table(folder: Path, rows: Iterable[tuple[int, str]]) -> Path:
    """A folder to import, as CSV: numbers of pictures, with the patient of each."""
    folder.mkdir()
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "group", "boxes"))
        for number, key in rows:
            Image.fromarray(picture_rgb(number)).save(folder / f"{number}.png")
            writer.writerow((f"{number}.png", "normal", key, json.dumps([])))
    return folder


@pytest.mark.parametrize(
    "same", [" mrn 0012-ä345 ", "MRN0012-Ä345", "mrn\u00a00012-A\u0308345", "ＭＲＮ 0012-Ä345\u200b"]
)
def test_a_key_is_the_same_however_it_is_typed(store: Store, same: str) -> None:
    assert patient_group(store, same) == patient_group(store, KEY)
    assert patient_group(store, "MRN 0012-Ä346") != patient_group(store, KEY)


@pytest.mark.parametrize("key", ["", " \u200b\t", "x" * 201])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(StoreError, match="patient key has 1 to 200"):
        normal_key(key)


def test_pages_of_one_key_share_group_fold_and_test_set(store: Store) -> None:
    first, other = page_of(store, 0, KEY), page_of(store, 1, "another")
    fix_folds(store, {store.picture(first).group_key: 3})
    store.hold_out([store.picture(first).group_key])
    second = page_of(store, 2, KEY.lower())
    assert store.picture(second).group_key == store.picture(first).group_key != store.picture(other).group_key
    assert store.picture(second).is_holdout and not store.picture(other).is_holdout
    assert store.rows("SELECT fold FROM page_group JOIN image ON group_key = key WHERE id = ?", (second,)) == [
        {"fold": 3}
    ]


def test_typed_and_imported_keys_lead_to_one_group(store: Store, tmp_path: Path) -> None:
    typed = page_of(store, 0, KEY)
    report = import_from(
        store, FORMATS["table"], table(tmp_path / "in", [(1, KEY.lower()), (2, "other"), (3, "")]), "Ada"
    )
    assert report.refusals == []
    found = groups(store)
    assert found[0] == found[1] == store.picture(typed).group_key
    assert len(set(found)) == 3
    assert group_words(store, found[3]).startswith("unknown patient ")
    single = import_from(store, FORMATS["table"], table(tmp_path / "one", [(4, ""), (5, "")]), "Ada", patient_key=KEY)
    assert single.refusals == []
    assert groups(store)[4:] == [found[0]] * 2


def test_a_picture_that_was_here_takes_its_patient_over_from_an_import(store: Store, tmp_path: Path) -> None:
    unknown, known = page_of(store, 0), page_of(store, 1, "another")
    report = import_from(store, FORMATS["table"], table(tmp_path / "in", [(0, KEY), (1, KEY)]), "Ada")
    assert store.picture(unknown).group_key == patient_group(store, KEY)
    assert store.picture(known).group_key == patient_group(store, "another"), "nobody moves a patient unseen"
    assert [refusal.file for refusal in report.refusals] == ["1.png"]


def test_an_export_holds_no_key_and_comes_back_to_the_same_patient(store: Store, tmp_path: Path) -> None:
    for number in range(2):
        save(store, page_of(store, number, KEY), "Ada", NORMAL, base_revision_id=None)
    for name in ("table", "coco", "tree"):
        export_to(store, FORMATS[name], tmp_path / name)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in {".csv", ".json"}]
    assert not any(b"0012" in path.read_bytes() for path in files if store.folder not in path.parents)
    before = groups(store)
    for name in ("table", "coco", "tree"):
        assert import_from(store, FORMATS[name], tmp_path / name, "Ada").pictures_added == 0
        other = Store(tmp_path / f"other-{name}")
        other.add_person("Eve")
        import_from(other, FORMATS[name], tmp_path / name, "Eve")
        assert groups(other) == before, name
    assert groups(store) == before


def test_the_folder_holds_a_keyed_hash_alone(store: Store) -> None:
    page_of(store, 0, KEY)
    content = everything(store)
    for spelling in (KEY, normal_key(KEY), "0012"):
        assert spelling.encode() not in content
    path = store.folder / HMAC_KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(hmac_key_of(store)) == 32
    assert Store(store.folder.with_name("second")) is not None
    second = Store(store.folder.with_name("second"))
    assert patient_group(second, KEY) != patient_group(store, KEY), "each folder has a secret of its own"


def test_erasing_finds_a_patient_by_the_key_and_forgets_it(store: Store) -> None:
    for number in range(3):
        page_of(store, number, KEY)
    stays = page_of(store, 3, "another")
    code = group_code(store, store.picture(1).group_key)
    assert find_patient(store, f" {KEY.upper()} ") == find_patient(store, code) == store.picture(1).group_key
    assert len(code) == 8 and code in group_words(store, store.picture(1).group_key)
    assert erase_group(store, find_patient(store, KEY) or "", "Ada") == 3
    assert groups(store) == [store.picture(stays).group_key]
    assert find_patient(store, KEY) is None and find_patient(store, code) is None
    assert store.rows("SELECT count(*) AS n FROM patient_key") == [{"n": 1}]


def test_a_backup_carries_the_secret_and_its_loss_is_told(store: Store, tmp_path: Path) -> None:
    page_of(store, 0, KEY)
    backup(store, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", tmp_path / "back")
    back = Store(tmp_path / "back")
    assert find_patient(back, KEY) == store.picture(1).group_key
    assert stat.S_IMODE((back.folder / HMAC_KEY_FILE).stat().st_mode) == 0o600
    assert check(back) == []
    for spoil in (lambda path: path.write_text("00" * 32), lambda path: path.unlink()):
        spoil(back.folder / HMAC_KEY_FILE)
        with pytest.raises(StoreError, match="backup"):
            patient_group(back, KEY)
        assert any(HMAC_KEY_FILE in finding for finding in check(back))


def test_groups_of_older_imports_answer_to_their_name(store: Store) -> None:
    older, _ = store.add_picture(picture_rgb(0), group="Patient 12")  # as imports wrote them
    fix_folds(store, {"Patient 12": 1})
    newer = page_of(store, 1, "patient12")
    assert store.picture(newer).group_key == older.group_key == "Patient 12"
    assert find_patient(store, "PATIENT 12") == "Patient 12"
    assert "12" not in group_words(store, "Patient 12").replace(group_code(store, "Patient 12"), "")


def test_near_copies_of_a_named_page_join_the_patient_and_the_key_still_finds_them(store: Store) -> None:
    first = page_of(store, 0)
    fix_folds(store, {store.picture(first).group_key: 2})  # the group cannot move any more
    copy, _ = store.add_picture((picture_rgb(0) * 0.9).astype(np.uint8), group=patient_group(store, KEY))
    assert copy.group_key == store.picture(first).group_key
    assert find_patient(store, KEY) == copy.group_key
    assert not group_words(store, copy.group_key).startswith("unknown")
    assert store.picture(page_of(store, 5, KEY)).group_key == copy.group_key


def test_two_patients_stay_two_until_a_person_says_otherwise(store: Store) -> None:
    first = page_of(store, 0, "one")
    copy, _ = store.add_picture((picture_rgb(0) * 0.9).astype(np.uint8), group=patient_group(store, "two"))
    assert copy.group_key != store.picture(first).group_key
    assert count_pairs(store) == 1
    same_patient(store, pairs(store)[0])
    assert find_patient(store, "one") == find_patient(store, "two") == store.picture(first).group_key


def test_a_page_whose_patient_is_known_does_not_move(store: Store) -> None:
    first, second, unknown = page_of(store, 0, "one"), page_of(store, 1, "two"), page_of(store, 2)
    with pytest.raises(StoreError, match="another patient"):
        name_patient(store, [unknown, second], patient_group(store, "one"))
    assert store.picture(unknown).group_key.startswith("picture:"), "nothing was changed"
    name_patient(store, [unknown], patient_group(store, "one"))
    assert store.picture(unknown).group_key == store.picture(first).group_key


def _key_of(folder: Path) -> bytes:
    return hmac_key_of(Store(folder))


def test_processes_that_start_at_once_share_one_secret(tmp_path: Path) -> None:
    Store(tmp_path)
    with get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_key_of, [tmp_path] * 4))) == 1


def test_an_erased_pages_number_is_not_given_again_and_an_old_tab_saves_nothing(store: Store) -> None:
    erased = store.picture(page_of(store, 0, KEY))
    erase_group(store, erased.group_key, "Ada")
    again = store.picture(page_of(store, 1))
    assert again.id > erased.id
    for number, digest in ((erased.id, erased.picture_hash), (again.id, erased.picture_hash)):
        with pytest.raises(StoreError, match="nothing was saved"):
            save(store, number, "Ada", Reading("normal"), base_revision_id=None, picture_hash=digest)
    save(store, again.id, "Ada", Reading("normal"), base_revision_id=None, picture_hash=again.picture_hash)
