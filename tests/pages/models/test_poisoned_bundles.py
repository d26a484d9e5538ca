"""Models that somebody poisoned: refused with a reason before they are in place, and no page dies of one that is."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from streamlit.testing.v1 import AppTest

from annotations.store import Store
from ecgcore.errors import EcgError
from tests.support.app_pages import APP, sound
from tests.support.hostile_values import HOSTILE, lacking, places, poisoned
from tests.support.review_app import press
from tests.support.tiny import save_tiny_bundle
from tests.support.training_store import IN_USE, use_tiny_bundle
from trainer.registry import bundles, bundles_folder
from trainer.registry.bundle_file import import_bundle
from trainer.registry.unusable import delete_unusable, unusable_bundles

FIGURES = {"some_set": {"fused": {"auroc": {"value": 0.9, "low": 0.8, "high": 0.95}, "n_normal": {"value": 9}}}}
STARTER = "starter-real-1"


def manifest_of(folder: Path) -> dict[str, Any]:
    """A manifest with figures."""
    return json.loads((folder / "bundle.json").read_text()) | {"metrics": FIGURES, "parent": STARTER}


def poisons(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The manifest with one thing wrong in each, under names of their own where the name is not what is wrong."""
    number = 0
    for way in places(manifest):
        for bad in [poisoned(manifest, way, value) for value in HOSTILE] + [lacking(manifest, way)]:
            number += 1
            yield bad if way == ("version",) else bad | {"version": f"poisoned-{number}"}


def packed(folder: Path, **content: bytes) -> io.BytesIO:
    """The bundle's folder as a file, some of its parts exchanged."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in ({path.name: path.read_bytes() for path in folder.iterdir()} | content).items():
            archive.writestr(name, data)
    stream.seek(0)
    return stream


def open_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Training, then Models; the latter."""
    monkeypatch.setenv("ECG_DATA_DIR", str(store.folder))
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.session_state["person"] = "Ada"
    sound(app.run().switch_page("pages/training.py").run())
    return sound(app.switch_page("pages/models.py").run())


def test_every_page_opens_whatever_was_taken_in(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data")
    taken = 0
    manifests = list(poisons(manifest_of(tiny_bundle)))
    for manifest in manifests[:: max(1, len(manifests) // 150)]:
        try:
            import_bundle(store, packed(tiny_bundle, **{"bundle.json": json.dumps(manifest).encode()}))
            taken += 1
        except EcgError as error:
            assert str(store.folder) not in str(error)
    assert taken > 5, "values that are as good as the ones before are taken"
    assert not unusable_bundles(store)
    open_pages(store, monkeypatch)


def test_no_page_dies_of_what_lies_there(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "data")
    manifests = [m for m in poisons(manifest_of(tiny_bundle)) if str(m.get("version")).startswith("poisoned")]
    for manifest in manifests[:: max(1, len(manifests) // 60)]:
        folder = bundles_folder(store.folder) / manifest["version"]
        folder.mkdir(parents=True)
        (folder / "bundle.json").write_text(json.dumps(manifest))
    assert len(unusable_bundles(store)) > 20
    app = open_pages(store, monkeypatch)
    bad = unusable_bundles(store)[0]
    assert f"{bad.name}: {bad.reason}" in [row.value for row in app.text]
    press(app, f"delete-{bad.name}")
    assert not any(row.value.startswith(f"{bad.name}:") for row in app.text)
    assert not (bundles_folder(store.folder) / bad.name).exists()


@pytest.mark.parametrize("kind", [np.int64, np.float64, np.uint8, bool])
def test_weights_of_another_kind_are_refused(tiny_bundle: Path, tmp_path: Path, kind: type[Any]) -> None:
    store = Store(tmp_path / "data")
    content = _weights(tiny_bundle, lambda name, value: value.astype(kind))
    with pytest.raises(EcgError, match=r"fusion\.safetensors cannot be used: it holds something else than weights"):
        import_bundle(store, packed(tiny_bundle, **content))
    assert [facts.version for facts in bundles(store)] == [STARTER]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(tiny_bundle: Path, tmp_path: Path, value: float) -> None:
    content = _weights(tiny_bundle, lambda name, w: np.full_like(w, value) if name == "fc1.bias" else w)
    with pytest.raises(EcgError, match=r"fc1\.bias holds a value that is not finite"):
        import_bundle(Store(tmp_path / "data"), packed(tiny_bundle, **content))


def test_the_model_in_use_is_not_deleted_when_it_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    store = Store(tmp_path / "data")
    store.add_person("Ada")
    use_tiny_bundle(store)
    (bundles_folder(store.folder) / IN_USE / "bundle.json").write_text('{"format": 1, "metrics": 3}')
    app = open_pages(store, monkeypatch)
    assert app.button(key=f"delete-{IN_USE}").disabled
    with pytest.raises(EcgError, match="Roll back"):
        delete_unusable(store, IN_USE)
    press(app, "rollback")
    press(app, f"delete-{IN_USE}")
    assert not (bundles_folder(store.folder) / IN_USE).exists()


@pytest.mark.parametrize("name", ["..", "nowhere", "../../data", STARTER])
def test_only_damaged_models_are_deleted(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / "data")
    save_tiny_bundle(bundles_folder(store.folder) / "good", version="good")
    for other in (name, "good"):
        with pytest.raises(EcgError, match="no damaged model"):
            delete_unusable(store, other)
    assert {facts.version for facts in bundles(store)} == {"good", STARTER}


def _weights(folder: Path, change: Any) -> dict[str, bytes]:
    """The fusion head's file with other values, and the manifest with its sha256."""

    state = safetensors.numpy.load_file(folder / "fusion.safetensors")
    content = safetensors.numpy.save({name: change(name, value) for name, value in state.items()})
    manifest = manifest_of(folder)
    manifest["weights"]["fusion"]["sha256"] = hashlib.sha256(content).hexdigest()
    return {"fusion.safetensors": content, "bundle.json": json.dumps(manifest).encode()}
