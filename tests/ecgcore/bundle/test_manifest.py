"""What bundle.json says, of every version of the program."""

import json
from pathlib import Path

import pytest

from ecgcore.bundle.manifest import ERASED_PAGES, MANIFEST, Manifest, figures_in, fingerprint, read_manifest
from tests.support.tiny import TINY_OPERATING_POINT

KEYS = [
    "format",
    "version",
    "class_names",
    "preprocessing",
    "thresholds",
    "configs",
    "weights",
    "recipe",
    "parent",
    "created_at",
    "snapshot_hash",
    "metrics",
    "libraries",
]
ADDED_LATER = {"local": ("aspect", "places"), "fusion": ("waveform_dim", "measurements")}
METRICS = {"khan": {"fused": {"auroc": {"value": 0.5, "low": None, "high": 1.0}, "n_normal": {"value": 12}}}}


def test_keys_are_written_in_the_order_of_every_version(tiny_bundle: Path) -> None:
    text = read_manifest(tiny_bundle).to_json()
    assert text == (tiny_bundle / MANIFEST).read_text()
    assert list(json.loads(text)) == [*KEYS, "seen"]


def test_erased_pages_are_counted_before_the_seen_ones(tiny_bundle: Path) -> None:
    prediction = json.loads((tiny_bundle / MANIFEST).read_text())
    manifest = Manifest.from_json(json.dumps({**prediction, ERASED_PAGES: 0}).encode())
    assert manifest.erased_pages == 0
    assert list(json.loads(manifest.to_json())) == [*KEYS, ERASED_PAGES, "seen"]


def test_a_manifest_of_the_first_version_opens(tiny_bundle: Path) -> None:
    prediction = json.loads((tiny_bundle / MANIFEST).read_text())
    needed = {key: prediction[key] for key in ("format", "version", "thresholds", "configs", "weights", "seen")}
    del needed["configs"]["waveform"], needed["weights"]["waveform"]
    for part, names in ADDED_LATER.items():
        for name in names:
            del needed["configs"][part][name]
    for weights in needed["weights"].values():
        del weights["bytes"]
    manifest = Manifest.from_json(json.dumps(needed).encode())
    assert manifest.thresholds == TINY_OPERATING_POINT
    assert (manifest.configs.waveform, manifest.configs.fusion.measurements) == (None, ())
    assert (manifest.recipe.name, manifest.parent, manifest.metrics, manifest.erased_pages) == ("", None, {}, None)


def test_counts_among_the_figures_stay_whole_numbers(tiny_bundle: Path) -> None:
    prediction = json.loads((tiny_bundle / MANIFEST).read_text())
    metrics = Manifest.from_json(json.dumps({**prediction, "metrics": METRICS}).encode()).metrics
    assert json.dumps(metrics) == json.dumps(METRICS)
    assert figures_in(metrics, "khan", "fused", "n_normal") == {"value": 12}
    assert figures_in(metrics, "khan", "local", "n_normal") == {}


@pytest.mark.parametrize(("changes", "is_same"), [({"seen": []}, True), ({ERASED_PAGES: 3}, True), ({"x": 1}, False)])
def test_erased_pages_alone_leave_the_fingerprint(tiny_bundle: Path, changes: dict[str, object], is_same: bool) -> None:
    prediction = json.loads((tiny_bundle / MANIFEST).read_text())
    manifest = Manifest.from_json(json.dumps(prediction | changes).encode())
    assert manifest.fingerprint == fingerprint(prediction | changes)
    assert (manifest.fingerprint == read_manifest(tiny_bundle).fingerprint) == is_same
