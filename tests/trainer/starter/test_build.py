"""The whole circle on tiny models: public data as published, every stage, a bundle, and a page screened with it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ecgcore.bundle.folder import Bundle, load_bundle
from ecgcore.bundle.manifest import figures_in
from ecgcore.errors import DataError
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.papersim import KINDS, PageStyle, draw_page, synthetic_ecg
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray
from tests.support.prepared_pages import prepared_page
from tests.support.tiny import TINY_GLOBAL, save_tiny_bundle, tiny_networks
from tests.support.wfdb_files import write_ludb_record
from trainer.data.page_file import load_pages
from trainer.named_recipes import RECIPES
from trainer.progress import ProgressEvent
from trainer.runs.folder import read_predictions
from trainer.stages.context import RunContext
from trainer.stages.inference_cache import NO_CACHE
from trainer.starter.build import build_starter
from trainer.starter.options import DataFolders, StarterOptions
from trainer.starter.pages import khan_pages, ptbxl_records
from trainer.starter.plan import StarterPlan
from trainer.starter.stages import StarterData, train_trunks
from trainer.starter.training_sets import KHAN_SHARE, TrainingSet, sampling_weights

TINY = RECIPES["tiny"]
PLAN = StarterPlan(TINY, TINY.global_, TINY.local, TINY.waveform, styles=(1, 1, 1))
ABNORMAL_KINDS = [kind for kind in KINDS if kind not in {"normal", "tachycardia"}]


def _write_ptbxl(folder: Path, records: int, *, folds: bool = False) -> None:
    folder.mkdir()
    deltas, rows = [], ["ecg_id,label,patient_id" + (",fold" if folds else "")]
    for number in range(records):
        abnormal = number % 2
        kind = ABNORMAL_KINDS[number % len(ABNORMAL_KINDS)] if abnormal else "normal"
        signals_mv, _, _ = synthetic_ecg(kind, number, fs_hz=250)
        steps = np.round(signals_mv / 0.005).astype(np.int16)
        deltas.append(np.diff(steps, axis=-1, prepend=np.int16(0)))
        fold = f",{1 + number % 10}" if folds else ""
        rows.append(f"{number},{'abnormal' if abnormal else 'normal'},{number}{fold}")
    np.savez(folder / "ptbxl.npz", delta=np.stack(deltas))
    (folder / "ptbxl.csv").write_text("\n".join(rows))


def _write_khan(folder: Path, pages: int) -> None:
    (folder / "khan").mkdir(parents=True)
    rows = ["file,label,diagnosis,group"]
    for number in range(pages):
        abnormal = number % 2
        signals_mv, fs_hz, _ = synthetic_ecg("st_elevation" if abnormal else "normal", 100 + number)
        page = draw_page(signals_mv, fs_hz, PageStyle(px_per_mm=4.0, grid="dots"), number)
        Image.fromarray(page.image_rgb).save(folder / "khan" / f"{number}.png")
        rows.append(f"{number}.png,{'abnormal,mi' if abnormal else 'normal,normal'},g{number}")
    (folder / "khan.csv").write_text("\n".join(rows))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small copies of the three data sets, in their published or compact forms."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(1, 9):
        write_ludb_record(folder / "ludb", number)
    _write_ptbxl(folder / "ptbxl", 16)
    _write_khan(folder / "khan", 16)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the builds of this module keep their pages, so that each is drawn and prepared once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def ancestor_folder(data: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A starter built from rendered pages alone; read only."""
    out = tmp_path_factory.mktemp("ancestor") / "out"
    _build(data, out, rendered_only=True, cache=cache)
    return out


def _build(
    data: Path,
    out: Path,
    *,
    rendered_only: bool,
    resume: bool = False,
    messages: list[str] | None = None,
    cache: Path | None = None,
    plan: StarterPlan = PLAN,
    **further: Any,
) -> None:
    def listen(event: ProgressEvent) -> None:
        if messages is not None:
            messages.append(event.stage)

    options = StarterOptions(rendered_only=rendered_only, **further)
    build_starter(
        DataFolders(ludb=data / "ludb", ptbxl=data / "ptbxl", khan=data / "khan"),
        out,
        options,
        RunContext(torch.device("cpu"), progress=listen, cache=cache),
        resume=resume,
        plan=plan,
    )


def test_the_whole_circle(
    data: Path, cache: Path, ancestor_folder: Path, tmp_path: Path, ecg_page_rgb: ByteArray
) -> None:
    shutil.copytree(ancestor_folder, tmp_path / "out")
    ancestor = load_bundle(tmp_path / "out" / "bundle")
    assert ancestor.version == "starter-rendered-0"
    assert set(ancestor.manifest.metrics) == {"ludb_rendered", "ptbxl_rendered"}
    assert screen(ecg_page_rgb, ancestor, file="page").status == "ok"

    messages: list[str] = []
    _build(data, tmp_path / "out", rendered_only=False, resume=True, messages=messages, cache=cache)
    assert "detector" not in messages  # finished stages are not trained again
    bundle = load_bundle(tmp_path / "out" / "bundle")
    assert {"khan_gridded", "khan_all"} <= set(bundle.manifest.metrics)
    auroc = figures_in(bundle.manifest.metrics, "khan_gridded", "fused", "auroc")
    assert auroc["value"] is None or 0 <= auroc["value"] <= 1

    # Going on from the ancestor skips the rendered part and remembers the parent.
    messages.clear()
    _build(data, tmp_path / "further", rendered_only=False, messages=messages, start=ancestor, cache=cache)
    assert {"detector", "global-real", "local-real", "fusion-real"} <= set(messages)
    assert "global-rendered" not in messages
    assert load_bundle(tmp_path / "further" / "bundle").manifest.parent == ancestor.version

    # The clean ancestor has seen no real page, its descendant all but the held-out groups.
    khan_groups = [f"khan:g{number}" for number in range(16)]
    assert not any(ancestor.was_trained_on(group=group) for group in khan_groups)
    assert 0.6 < np.mean([bundle.was_trained_on(group=group) for group in khan_groups]) < 1


def _same_file(older: Bundle, newer: Bundle, part: str) -> bool:
    file = f"{part}.safetensors"
    return (older.folder / file).read_bytes() == (newer.folder / file).read_bytes()


def test_signals_are_added_to_a_bundle_whose_trunks_stay(data: Path, cache: Path, tmp_path: Path) -> None:
    older = load_bundle(save_tiny_bundle(tmp_path / "older", has_waveform=False), "cpu")
    messages: list[str] = []
    kept: dict[str, Any] = {"rendered_only": False, "detector_from": older, "messages": messages, "cache": cache}
    _build(data, tmp_path / "out", **kept, start=older, keeps_trunks=True)
    assert {"waveform-signals", "waveform-real-0", "waveform-real-3", "fusion-real"} <= set(messages)
    assert not {"detector", "global-real", "local-real"} & set(messages)
    newer = load_bundle(tmp_path / "out" / "bundle", "cpu")
    assert _same_file(older, newer, "detector")
    for part in ("local", "global"):  # they had not seen the real pages: their last layers are fitted to these
        before, after = (bundle.nets.by_part()[part].state_dict() for bundle in (older, newer))
        assert [name for name in before if not torch.equal(before[name], after[name])] == ["fc.weight", "fc.bias"]
    _build(data, tmp_path / "again", **{**kept, "detector_from": newer}, start=newer, keeps_trunks=True)
    again = load_bundle(tmp_path / "again" / "bundle", "cpu")
    assert all(_same_file(newer, again, part) for part in ("local", "global", "detector"))
    assert newer.nets.waveform is not None
    assert newer.nets.fusion.config.measurements == MEASUREMENT_NAMES
    assert newer.nets.fusion.embedding is not None and newer.nets.fusion.embedding.knows_edges
    assert all(
        newer.was_trained_on(source_record=record.source_record) for record in ptbxl_records(data / "ptbxl").train
    )
    with pytest.raises(DataError, match="no networks to keep"):
        _build(data, tmp_path / "new", rendered_only=False, keeps_trunks=True)
    with pytest.raises(DataError, match="holds a starter with another keeps_trunks"):
        _build(data, tmp_path / "out", **kept, start=older, resume=True)
    with pytest.raises(DataError, match=r"trained on \d+ of the \d+ pages that fold 1 only measures"):
        _build(data, tmp_path / "leak", **kept, start=newer, keeps_trunks=True, fold=1)


def test_drawn_pages_alone_add_signals_to_networks_that_stay(data: Path, tmp_path: Path) -> None:
    older = load_bundle(save_tiny_bundle(tmp_path / "older", has_waveform=False), "cpu")
    messages: list[str] = []
    plan = replace(PLAN, rendered_alone=8)
    kept: dict[str, Any] = {"detector_from": older, "messages": messages, "start": older, "keeps_trunks": True}
    _build(data, tmp_path / "out", rendered_only=True, plan=plan, **kept)
    assert {"waveform-signals", "waveform-rendered-0", "waveform-rendered-3", "fusion-rendered"} <= set(messages)
    newer = load_bundle(tmp_path / "out" / "bundle", "cpu")
    assert newer.nets.waveform is not None
    assert not any(newer.was_trained_on(group=f"khan:g{number}") for number in range(16))
    assert set(newer.manifest.metrics) == {"ludb_rendered", "ptbxl_rendered"}
    learnt = ptbxl_records(data / "ptbxl", older).train
    drawn = (tmp_path / "out" / "pages").glob("ptbxl-train-*.pages")
    assert sum(len(load_pages(path)) for path in drawn) == min(8, len(learnt))


def test_ptbxl_keeps_its_own_folds(tmp_path: Path) -> None:
    _write_ptbxl(tmp_path / "ptbxl", 30, folds=True)
    records = ptbxl_records(tmp_path / "ptbxl")
    parts = [{record.source_record for record in part} for part in (records.train, records.inner, records.test)]
    assert [len(part) for part in parts] == [24, 3, 3]
    assert {record.fold for record in records.inner} == {8}
    assert {record.fold for record in records.test} == {9}
    assert {record.source_record for record in records.signals} == parts[0]
    seen = records.test[0]
    folder = save_tiny_bundle(tmp_path / "b", trained_on=[("0" * 64, seen.group, seen.source_record)])
    left = ptbxl_records(tmp_path / "ptbxl", load_bundle(folder, "cpu")).test
    assert {record.source_record for record in left} == parts[2] - {seen.source_record}


def test_a_rhythm_is_taught_as_abnormal_and_measured_as_published(tmp_path: Path) -> None:
    _write_ptbxl(tmp_path / "ptbxl", 30, folds=True)
    table = tmp_path / "ptbxl" / "ptbxl.csv"
    head, *rows = table.read_text().splitlines()
    rows = [
        f"{row},\"{{'NORM': 100.0, '{'AFIB' if number % 4 == 0 else 'SBRAD'}': 0.0}}\""
        for number, row in enumerate(rows)
    ]
    table.write_text("\n".join([f"{head},scp_codes", *rows]))
    records = ptbxl_records(tmp_path / "ptbxl")
    for record in (*records.train, *records.inner):
        number = int(record.source_record.split(":")[1])
        assert record.label == int(number % 2 == 1 or number % 4 == 0)
    assert [record.label for record in records.test] == [0, 0, 0]


def test_folds_measure_every_real_page_once_and_decide_for_each_other(
    data: Path, cache: Path, ancestor_folder: Path, tmp_path: Path
) -> None:
    ancestor = load_bundle(ancestor_folder / "bundle")
    shared: dict[str, Any] = {"rendered_only": False, "start": ancestor, "cache": cache}
    messages: list[str] = []
    _build(data, tmp_path / "1", **shared, fold=1, detector_from=ancestor, messages=messages)
    assert "detector" not in messages
    other = load_bundle(tmp_path / "1" / "bundle")
    _build(data, tmp_path / "0", **shared, detector_from=ancestor, decide_by=[tmp_path / "1"])
    first = load_bundle(tmp_path / "0" / "bundle")
    assert (other.version, first.version) == ("starter-real-0-fold-1", "starter-real-0")
    assert first.manifest.recipe.settings["decided_by"] == ["1"]
    assert "ptbxl_rendered" in first.manifest.metrics
    assert "ptbxl_rendered" not in other.manifest.metrics  # the same pages in every fold
    assert {answer.fold for answer in read_predictions(tmp_path / "1" / "predictions.csv")} == {1}
    unseen = [
        {page.picture_hash for page in khan_pages(data / "khan", cache / "pages", tmp_path, fold).test}
        for fold in range(5)
    ]
    assert sum(map(len, unseen)) == len(set.union(*unseen)) == 16
    for fold, bundle in ((0, first), (1, other)):
        assert not any(bundle.was_trained_on(picture_hash=digest) for digest in unseen[fold])
        assert all(bundle.was_trained_on(picture_hash=digest) for digest in unseen[4])


def test_training_further_at_another_resolution_leaves_the_first_network_as_it_was() -> None:
    first = tiny_networks()
    real_global, real_local = (replace(stage, epochs=0) for stage in (TINY.global_, TINY.local))
    plan = replace(PLAN, real_global=replace(real_global, px_per_mm=0.75), real_local=real_local)
    pages, boxes = [prepared_page(str(label), label) for label in (0, 1)], [np.array([[1.0, 1, 5, 5]])] * 2
    training_set = TrainingSet(pages, boxes, [], [])
    starter_data = StarterData(training_set, training_set, (), (), NO_CACHE)
    further, _ = train_trunks(starter_data, plan, first, RunContext(torch.device("cpu")))
    assert (first.global_.config, further.config.px_per_mm) == (TINY_GLOBAL, 0.75)
    weights = further.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in first.global_.state_dict().items())


def test_a_folder_in_use_and_missing_data_are_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "something").touch()
    with pytest.raises(DataError, match="not empty"):
        _build(data, tmp_path / "out", rendered_only=True)
    with pytest.raises(DataError, match="ludb"):
        _build(tmp_path, tmp_path / "new", rendered_only=True)


def test_mixing_weights_tell_no_class_by_its_source() -> None:
    pages = [prepared_page(f"mi/{i}", 1, source="khan") for i in range(2)]
    pages += [prepared_page(f"abnormal_heartbeat/{i}", 1, source="khan") for i in range(5)]
    pages += [prepared_page(f"normal/{i}", 0, source="khan") for i in range(3)]
    pages += [prepared_page(f"p{i}", i % 2, source="ptbxl") for i in range(20)]
    weights = sampling_weights(pages)
    for label in (0, 1):
        of_class = np.array([page.label == label for page in pages])
        real = np.array([page.source == "khan" for page in pages])
        assert weights[of_class & real].sum() == pytest.approx(KHAN_SHARE)
        assert weights[of_class & ~real].sum() == pytest.approx(1 - KHAN_SHARE)
    assert weights[0] == pytest.approx(3 * weights[2])
