"""What was cut from a patient's pictures goes with the patient."""

from annotations.erasure.derived_files import CACHE, PREPARED
from annotations.maintenance.check_and_erase import erase_group
from annotations.model import Picture
from annotations.store import Store


def test_erasing_a_patient_empties_what_was_made_of_the_pictures(store: Store, page: Picture) -> None:
    panel = store.folder / CACHE / "pages" / f"{page.picture_hash}-1.png"
    prepared = store.folder / "runs" / "7" / PREPARED
    kept = store.folder / "runs" / "7" / "config.json"
    for file in (panel, prepared, kept):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    erase_group(store, "patient-1", "Ada")
    assert not panel.exists()
    assert not prepared.exists()
    assert kept.exists()
