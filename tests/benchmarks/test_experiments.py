"""What the experiments in ``benchmarks`` rest on: how pages are drawn, and how several runs are put together."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import fusion_head
from benchmarks.speed.training_stages import draw_pages
from benchmarks.training import naive_folds, published_experiment
from benchmarks.training.khan_features import PUBLISHED_COUNTS, published_sample
from benchmarks.training.loop import boxes
from benchmarks.training.loop.labels import mean_auroc, minus
from benchmarks.training.published_experiment import CHOICES, Budget, cut_short, folds_of
from ecgcore.errors import DataError
from ecgcore.papersim import PageStyle, synthetic_ecg
from tests.support.prepared_pages import prepared_page
from tests.support.tiny import save_tiny_bundle
from trainer.data.page import PreparedPage
from trainer.metrics.classification import bootstrap
from trainer.named_recipes import RECIPES
from trainer.runs.folder import read_predictions
from trainer.starter.public_datasets import Record


def pages_of(groups: int) -> list[PreparedPage]:
    """Three pages a group; two of five groups are normal."""
    return [
        PreparedPage(**{**vars(prepared_page(f"{group}-{n}", int(group % 5 > 1))), "group": f"g{group}"})
        for group in range(groups)
        for n in range(3)
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_published_sample_has_its_counts_and_whole_groups(seed: int) -> None:
    pages = pages_of(300)
    drawn = published_sample(pages, seed)
    assert tuple(sum(page.label == label for page in drawn) for label in (0, 1)) == PUBLISHED_COUNTS
    assert len({page.key for page in drawn}) == sum(PUBLISHED_COUNTS)
    of_group = {page.group: sum(other.group == page.group for other in drawn) for page in drawn}
    assert sum(n != 3 for n in of_group.values()) <= 2, "at most the last group of each class is cut"
    assert published_sample(pages[::-1], seed) == drawn
    folds = folds_of(drawn)
    assert len(set(zip([page.group for page in drawn], folds, strict=True))) == len(of_group), "no group is torn"


def test_too_few_pages_are_told() -> None:
    with pytest.raises(DataError, match="are missing"):
        published_sample(pages_of(20))


def test_the_mean_of_runs_is_resampled_together() -> None:
    labels = np.array([0.0, 1.0, 0.0, 1.0])
    perfect, wrong = np.array([-1.0, 1.0]), np.array([1.0, -1.0])
    both = mean_auroc(labels, [([0, 1], perfect), ([2, 3], wrong)])
    assert both(np.ones((1, 4)))["auroc"] == pytest.approx(0.5)
    assert mean_auroc(labels, [([0, 1], perfect), ([2, 3], perfect)])(np.ones((1, 4)))["auroc"] == pytest.approx(1)
    same = bootstrap(minus(both, both), ["a", "b", "c", "d"], n_boot=50, seed=0)["auroc"]
    assert (same["value"], same["low"], same["high"]) == (0, 0, 0)


def test_minutes_are_counted_over_all_calls(tmp_path: Path) -> None:
    first = Budget(1e6, tmp_path / "spent.json")
    first.keep()
    assert not first.is_over()
    again = Budget(1e6, tmp_path / "spent.json")
    assert again.spent_s > first.spent_s * 1.5
    assert Budget(0, tmp_path / "spent.json").is_over()


def test_the_published_experiment_stops_when_its_minutes_are_over_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = draw_pages(12)
    monkeypatch.setattr(published_experiment, "experiment_pages", lambda *_: pages)
    monkeypatch.setattr(published_experiment, "FOLDS", 2)
    monkeypatch.setitem(CHOICES, "quick", RECIPES["tiny"])
    bundle = save_tiny_bundle(tmp_path / "bundle")
    places = [word for name in ("ludb", "khan", "cache", "out") for word in (f"--{name}", str(tmp_path / name))]
    command = ["published_experiment", *places, "--bundle", str(bundle)]
    monkeypatch.setattr("sys.argv", [*command, "--minutes", "0"])
    published_experiment.main()
    assert "0 of 2 folds are finished" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", [*command, "--minutes", "1e6", "--stop-after", "1"])
    published_experiment.main()
    assert "1 of 2 folds are finished" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", [*command, "--minutes", "1e6"])
    published_experiment.main()
    told = capsys.readouterr().out
    assert told.count('"bundle": "tiny-1"') == 2, "every fold goes on from the bundle"
    assert all(word in told for word in ("detector", "local", "global", "fused", "auroc", "ap50"))
    assert len(read_predictions(tmp_path / "out" / "predictions.csv")) == 12
    seconds = published_experiment.estimate(pages, RECIPES["tiny"], bundle, 1)
    assert set(seconds) == {"detector", "local", "global", "fusion", "fusion-joint", "looking"}
    assert all(value > 0 for value in seconds.values())


def test_the_head_is_retrained_twice_and_told_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [replace(page, boxes_panel_xyxy=None) for page in draw_pages(8)]
    monkeypatch.setattr(fusion_head, "all_khan_pages", lambda *_: pages)
    monkeypatch.setattr(fusion_head, "published_sample", lambda pages: pages)
    bundle = save_tiny_bundle(tmp_path / "bundle")
    places = [word for name in ("khan", "cache") for word in (f"--{name}", str(tmp_path / name))]
    monkeypatch.setattr("sys.argv", ["fusion_head", *places, "--bundle", str(bundle), "--folds", "2"])
    fusion_head.main()
    told = capsys.readouterr().out
    assert told.count("fused AUROC") == 2
    assert told.count("'fusion':") == 2
    kept = [path.name for path in (tmp_path / "cache" / "seen").rglob("*.safetensors")]
    assert sum("-varied-" in name for name in kept) >= 4, "what training looks at is kept"


def test_corrected_boxes_of_the_weakest_layout_are_learnt_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    records = []
    for number in range(9):
        signals_mv, fs_hz, beats_s = synthetic_ecg("normal", number)
        whole = [np.array([[0.0, 10.0]])] * 12
        records.append(Record(f"r{number}", f"r{number}", None, signals_mv, fs_hz, beats_s, whole))
    monkeypatch.setattr(boxes, "load_ludb", lambda _folder: records)
    monkeypatch.setattr(boxes, "split_records", lambda records: (records[:6], records[6:7], records[7:]))
    styles = {"wide": PageStyle(px_per_mm=5.0), "crowded": PageStyle(px_per_mm=5.0, row_pitch_mm=22.0)}
    monkeypatch.setattr(boxes, "LAYOUTS", styles)
    monkeypatch.setattr(boxes, "RECIPE", RECIPES["tiny"])
    bundle, out = save_tiny_bundle(tmp_path / "bundle"), tmp_path / "out"
    command = ["loop_boxes", "--ludb", "x", "--bundle", str(bundle), "--out", str(out), "--pages", "0", "4"]
    monkeypatch.setattr("sys.argv", command)
    out.mkdir()
    boxes.main()
    told = capsys.readouterr().out
    assert "layout wide" in told and "layout crowded" in told
    (result,) = (json.loads(path.read_text()) for path in out.glob("*-4-0.json"))
    assert (result["fresh"], result["pages"]) == (2, 4)
    assert result["seconds"] > 0
    monkeypatch.setattr(boxes, "retrained", None)  # what is finished is not done again
    boxes.main()
    assert capsys.readouterr().out.count("recall") == 4


def test_naive_folds_flatter_what_learns_by_heart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    pages = []
    for group in range(60):  # labels mean nothing, but a group's pages are alike
        ink = rng.integers(0, 256, (64, 96), dtype=np.uint8)
        page = replace(prepared_page(str(group), group % 2), ink=ink, has_grid=True, group=f"g{group}")
        pages += [replace(page, key=f"{group}-{n}") for n in range(3)]
    monkeypatch.setattr(naive_folds, "all_khan_pages", lambda *_: pages)
    command = ["naive_folds", *(word for name in ("khan", "cache") for word in (f"--{name}", str(tmp_path)))]
    monkeypatch.setattr(
        "sys.argv", [*command, "--thumbnails", "1", "--repeats", "1", "--out", str(tmp_path / "o.json")]
    )
    naive_folds.main()
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["auroc"]["as they are, naive"]["value"] > 0.95
    assert found["auroc"]["as they are, grouped"]["value"] < 0.7
    assert found["inflation"]["as they are"]["low"] > 0.2
    assert "copies planted naive minus grouped" in capsys.readouterr().out


def test_every_recipe_trains_every_stage() -> None:
    assert all(
        stage.epochs > 0
        for recipe in CHOICES.values()
        for stage in (recipe.detector, recipe.local, recipe.global_, recipe.fusion)
    )


def test_a_recipe_is_cut_short_in_every_stage_and_never_made_longer() -> None:
    cut = cut_short(CHOICES["patent"], 3)
    assert {cut.detector.epochs, cut.local.epochs, cut.global_.epochs, cut.fusion.epochs, cut.fusion.joint_epochs} == {
        3
    }
    assert cut_short(CHOICES["quick"], 100) == CHOICES["quick"]
