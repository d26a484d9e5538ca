"""The Dataset page on a real store: counts, bin, hold-out, erasing, snapshots, import and export."""

import re
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from annotations import readings
from annotations.exchange.formats import FORMATS
from annotations.exchange.formats.files import measure
from annotations.exchange.import_export import export_to
from annotations.maintenance.check_and_erase import erase_group
from annotations.patients.keys import find_patient, group_code, patient_group
from annotations.readings.snapshots import snapshots
from annotations.store import Store
from ecgcore.overlay import NOTICE
from tests.support.app_pages import APP, sound, texts
from tests.support.review_app import button, press
from tests.support.stored_pictures import ABNORMAL, NORMAL, picture_rgb


@pytest.fixture
def data(two_readers: Store) -> Store:
    store = two_readers
    for number, reading in enumerate((NORMAL, ABNORMAL, NORMAL)):
        group = patient_group(store, f"MRN 44{number}")
        picture, _ = store.add_picture(picture_rgb(number), group=group, name=f"page {number}")
        readings.save(store, picture.id, "Ada", reading, base_revision_id=None)
    return store


@pytest.fixture
def app(data: Store, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("ECG_BUNDLE_DIR", str(tiny_bundle))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.session_state["person"] = "Ada"
    return sound(app.switch_page("pages/dataset.py").run())


def tick(app: AppTest, *image_ids: int) -> AppTest:
    for image_id in image_ids:
        app.checkbox(key=f"tick-{image_id}").set_value(True)
    return sound(app.run())


def metrics(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric[:2]]


def test_counts_of_both_data_sets_and_what_is_new(app: AppTest, data: Store) -> None:
    assert metrics(app) == ["2", "3"]
    assert "2 normal, 1 abnormal, from 3 patients" in texts(app)
    assert NOTICE in texts(app)
    app.text_input(key="snapshot-name").set_value("first")
    sound(next(b for b in app.button if b.label == "Create snapshot").click().run())
    assert [s.name for s in snapshots(data)] == ["first"]
    assert not any(metric.delta for metric in app.metric), "no change is no rise"
    picture, _ = data.add_picture(picture_rgb(7))
    readings.save(data, picture.id, "Ada", NORMAL, base_revision_id=None)
    sound(app.run())
    assert "+1 since the last snapshot" in [metric.delta for metric in app.metric]
    assert "1 page added: 4" in texts(app)
    assert "1 unknown" in texts(app), "a page of an unknown patient counts as a patient, and it says so"


def test_bin_hold_out_and_erase(app: AppTest, data: Store) -> None:
    press(tick(app, 1), "gallery-bin")
    assert metrics(app) == ["1", "2"]
    sound(app.selectbox(key="gallery-show").set_value("bin").run())
    press(tick(app, 1), "gallery-bin")
    assert metrics(app) == ["2", "3"]
    sound(app.selectbox(key="gallery-show").set_value("all").run())
    press(tick(app, 3), "gallery-hold")
    assert metrics(app) == ["1", "2"]
    assert data.picture(3).is_holdout
    sound(app.run())
    for box in app.checkbox:
        box.set_value(False)
    sound(app.run())
    tick(app, 2)
    assert app.button(key="gallery-erase").disabled
    sound(app.text_input(key="erase-typed-0").set_value("MRN 440").run())
    assert app.button(key="gallery-erase").disabled, "another patient's page is ticked"
    sound(app.text_input(key="erase-typed-0").set_value("mrn441").run())
    assert "1 page of patient" in texts(app)
    press(app, "gallery-erase")
    assert data.rows("SELECT id FROM image ORDER BY id") == [{"id": 1}, {"id": 3}]


def test_a_patient_is_named_found_and_erased_by_the_key(app: AppTest, data: Store) -> None:
    unknown = [data.add_picture(picture_rgb(number))[0].id for number in (10, 11)]
    sound(app.run())
    assert len(re.findall(r"unknown patient [0-9a-f]{8}", texts(app))) == 2
    tick(app, *unknown, 1)
    sound(app.text_input(key="gallery-patient").set_value("Case 7").run())
    press(app, "gallery-join")
    assert len({data.picture(i).group_key for i in (*unknown, 1)}) == 1
    code = group_code(data, data.picture(1).group_key)
    assert texts(app).count(f"patient {code}") == 3 and not re.search(r"unknown patient [0-9a-f]{8}", texts(app))
    assert "Case 7" not in texts(app) and "MRN" not in texts(app)
    for typed in (" CASE7 ", code):
        sound(app.text_input(key="gallery-search").set_value(typed).run())
        assert {str(box.key) for box in app.checkbox if str(box.key).startswith("tick-")} == {
            "tick-1",
            "tick-4",
            "tick-5",
        }
    for box in app.checkbox:
        box.set_value(False)
    sound(app.text_input(key="erase-typed-0").set_value("case 7").run())
    press(app, "gallery-erase")
    assert [done.value.endswith("erased for good.") for done in app.success] == [True]
    assert find_patient(data, "Case 7") is None
    assert data.rows("SELECT id FROM image ORDER BY id") == [{"id": 2}, {"id": 3}]


def test_pages_without_a_label_are_counted_and_listed(app: AppTest, data: Store) -> None:
    picture, _ = data.add_picture(picture_rgb(9))
    readings.save(data, picture.id, "Ada", replace(NORMAL, label=None), base_revision_id=None)
    sound(app.selectbox(key="gallery-show").set_value("no label").run())
    assert "1 of these without a label" in texts(app)
    assert [str(box.key) for box in app.checkbox if str(box.key).startswith("tick-")] == [f"tick-{picture.id}"]


def test_an_old_tab_cannot_save_onto_a_page_that_came_after_an_erased_one(app: AppTest, data: Store) -> None:
    tab = AppTest.from_file(str(APP), default_timeout=60)
    tab.query_params["who"], tab.query_params["page"] = "Ada", "3"
    sound(sound(tab.run()).switch_page("pages/review.py").run())
    assert tab.query_params["page"] == "3"
    erase_group(data, data.picture(3).group_key, "Ben")
    new, _ = data.add_picture(picture_rgb(20))
    assert new.id > 3
    for words in ("Abnormal", "Save"):
        shown = {button.label.split(" `")[0]: button for button in tab.button}
        assert words in shown
        sound(shown[words].click().run())
    shown = " ".join(element.value for element in tab.error)
    assert "Page 3 was erased while you had it open" in shown
    assert data.rows("SELECT count(*) AS n FROM revision WHERE person = 'Ada' AND label = 'abnormal'") == [{"n": 1}]
    assert readings.head(data, new.id) is None


def test_drafts_addresses_and_revisions_of_an_erased_page_reach_no_other(app: AppTest, data: Store) -> None:
    tab = AppTest.from_file(str(APP), default_timeout=60)
    tab.query_params["who"], tab.query_params["page"] = "Ada", "3"
    sound(sound(tab.run()).switch_page("pages/review.py").run())
    used = data.rows("SELECT max(id) AS last FROM revision")[0]["last"] or 0
    erase_group(data, data.picture(3).group_key, "Ben")
    new, _ = data.add_picture(picture_rgb(20))
    before = data.rows("SELECT * FROM draft")
    shown = {button.label.split(" `")[0]: button for button in tab.button}
    sound(shown["Abnormal"].click().run())  # what is pressed is drafted at once
    assert data.rows("SELECT * FROM draft") == before
    assert readings.draft_of(data, new.id, "Ada") is None

    again = AppTest.from_file(str(APP), default_timeout=60)
    again.query_params["who"], again.query_params["page"] = "Ada", "3"
    sound(sound(again.run()).switch_page("pages/review.py").run())
    told = [element.value for kind in (again.error, again.warning, again.info, again.toast) for element in kind]
    assert any("Page 3" in text for text in told), told
    assert readings.head(data, new.id) is None
    later = readings.save(data, new.id, "Ben", NORMAL, base_revision_id=None)
    assert later.id > used


def test_agreement(app: AppTest, data: Store) -> None:
    assert any("read twice" in info.value for info in app.info)
    readings.save(data, 1, "Ben", NORMAL, base_revision_id=None, reader="Ben")
    sound(app.run())
    assert any(metric.label == "Box F1 at IoU 0.5" and metric.value == "1.00" for metric in app.metric)


def wait_for(app: AppTest, words: str) -> str:
    for _ in range(50):
        sound(app.run())
        shown = "\n".join(element.value for kind in (app.success, app.error) for element in kind)
        if words in shown:
            return shown
        time.sleep(0.1)
    raise AssertionError(f"{words!r} never came, only {shown!r}")


def test_export_and_import_run_in_the_background(
    app: AppTest, data: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_FOLDERS", str(tmp_path))
    out = tmp_path / "out"
    sound(app.text_input(key="export-path").set_value(str(out)).run())
    press(app, "export-go")
    wait_for(app, "3 pages written")
    assert (out / "annotations.json").exists()
    sound(app.text_input(key="import-path").set_value(str(out)).run())
    press(app, "import-go")
    wait_for(app, "3 unchanged, 0 refused")
    sound(app.text_input(key="import-path").set_value(str(tmp_path / "nothing")).run())
    press(app, "import-go")
    assert "nothing" in wait_for(app, "nothing")


def test_an_archive_is_packed_and_dropped_again(app: AppTest, data: Store) -> None:
    assert app.button(key="import-go").disabled
    press(app, "export-pack")
    wait_for(app, "3 pages packed")
    (content,) = app.session_state["export-archives"].values()
    assert any(element.label.startswith("Download coco.zip") for element in app.get("download_button"))
    erase_group(data, data.picture(2).group_key, "Ada")
    app.file_uploader[0].set_value(("set.zip", content, "application/zip"))
    press(sound(app.run()), "import-go")
    wait_for(app, "1 page and 1 reading added, 2 unchanged, 0 refused")
    assert app.file_uploader[0].value is None  # the drop zone is empty again
    app.file_uploader[0].set_value(("set.zip", b"no archive", "application/zip"))
    press(sound(app.run()), "import-go")
    assert "damaged" in wait_for(app, "damaged")


def test_look_alikes_are_put_together_or_told_apart(app: AppTest, data: Store) -> None:
    assert any("No undecided pairs" in info.value for info in app.info)
    darker_rgb = (picture_rgb(0) * 0.9).astype(np.uint8)
    data.db.conn.execute("UPDATE page_group SET fold = 1")
    picture, _ = data.add_picture(
        darker_rgb, group=data.picture(2).group_key
    )  # its fold is fixed, so a person must decide
    sound(app.run())
    press(app, f"alike-same-{picture.id}-1")
    assert any("cannot become one patient" in error.value for error in app.error)
    press(app, f"alike-not-{picture.id}-1")
    assert any("No undecided pairs" in info.value for info in app.info)
    assert data.rows("SELECT not_the_same_by FROM look_alike") == [{"not_the_same_by": "Ada"}]


def test_older_pictures_are_compared_in_the_background(app: AppTest, data: Store) -> None:
    data.add_picture((picture_rgb(0) * 0.9).astype(np.uint8))
    data.db.conn.execute("UPDATE image SET look_hash = ''")
    data.db.conn.execute("UPDATE image SET group_key = (SELECT group_key FROM image WHERE id = 3) WHERE id = 4")
    data.db.conn.execute("DELETE FROM look_alike")
    sound(app.run())
    press(app, "alike-compare")
    wait_for(app, "Near-duplicate pairs: 1")
    press(app, "alike-same-4-1")
    assert data.picture(4).group_key == data.picture(1).group_key


def test_open_goes_to_review(app: AppTest) -> None:
    press(app, "open-2")
    assert app.query_params["page"] == "2"
    assert button(app, "label-abnormal").label == "**Abnormal** `A`"


def test_an_import_is_stopped(app: AppTest, data: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_FOLDERS", str(tmp_path))
    out = tmp_path / "out"
    export_to(data, FORMATS["coco"], out)
    erase_group(data, data.picture(2).group_key, "Ada")
    is_at_work, goes_on = Event(), Event()

    def measure_slowly(picture: Path, name: str) -> tuple[int, int, str]:
        is_at_work.set()
        goes_on.wait(60)
        return measure(picture, name)

    monkeypatch.setattr("annotations.exchange.formats.assemble.measure", measure_slowly)
    sound(app.text_input(key="import-path").set_value(str(out)).run())
    press(app, "import-go")
    assert is_at_work.wait(60)
    press(app, "stop-import")
    assert app.button(key="stop-import").disabled
    goes_on.set()
    wait_for(app, "Stopped. Nothing was imported.")
    assert len(data.rows("SELECT id FROM image")) == 2
