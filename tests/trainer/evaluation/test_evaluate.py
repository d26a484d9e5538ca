"""An evaluation leaves out what the bundle has seen, and prints what it found."""

from pathlib import Path

import numpy as np
import pytest

from ecgcore.bundle.folder import load_bundle
from ecgcore.errors import DataError
from tests.support.prepared_pages import save_page
from trainer.data.page import PageItem, PreparedPage
from trainer.data.prepare import prepare_pages
from trainer.evaluation.evaluate import evaluate_bundle, exclude_trained_on, figures_table


def blank_page(key: str, group: str = "", picture_hash: str = "", record: str = "") -> PreparedPage:
    return PreparedPage(key, "", group, 0, np.zeros((8, 8), np.uint8), None, picture_hash or f"hash {key}", record)


def test_seen_pictures_groups_and_records_are_left_out_and_counted(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle, "cpu")
    pages = [
        blank_page("a", picture_hash="0" * 64),
        blank_page("b", group="group-a"),
        blank_page("c", record="record-a"),
        blank_page("d", group="group-b"),
        blank_page("e"),
    ]
    unseen = exclude_trained_on(bundle, pages)
    assert [page.key for page in unseen.pages] == ["d", "e"]
    assert unseen.excluded == {"same picture": 1, "same group": 1, "same source record": 1}
    with pytest.raises(DataError, match="trained on all 3 pages"):
        evaluate_bundle(bundle, pages[:3])


def test_a_bundle_is_measured_as_it_screens(tiny_bundle: Path, tmp_path: Path) -> None:
    items = []
    for number, kind in enumerate(["normal", "normal", "wide_qrs", "st_elevation"]):
        path = tmp_path / f"{number}.png"
        boxes = save_page(path, kind, number)
        items.append(PageItem(path.name, path, int(kind != "normal"), f"p{number}", boxes if number else None))
    report = evaluate_bundle(load_bundle(tiny_bundle, "cpu"), prepare_pages(items, tmp_path / "cache").pages, n_boot=20)
    assert report.pages == 4
    assert report.left_out_as_seen == {}
    assert report.figures["fused"]["majority_rate"]["value"] == 0.5
    assert report.figures["detector"]["recall"]["value"] is not None
    table = figures_table({part: report.figures[part] for part in ("detector", "fused")})
    assert table.splitlines()[0].split() == ["detector", "fused"]
    assert any(line.startswith("auroc") for line in table.splitlines())
