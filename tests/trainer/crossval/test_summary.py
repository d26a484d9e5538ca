"""Figures of folds that do not all have the same networks, as when a run goes on under a later version."""

import json
from pathlib import Path

import numpy as np
import pytest

from ecgcore.errors import DataError
from trainer.crossval.summary import summarise
from trainer.data.page import PreparedPage
from trainer.named_recipes import RECIPES
from trainer.runs.folder import PagePrediction, RunFolder, open_run


def test_a_network_that_not_every_fold_has_gets_no_figures(tmp_path: Path) -> None:
    pages = [PreparedPage(f"{n}", "", f"g{n}", n % 2, np.zeros((8, 8), np.uint8), None, f"h{n}") for n in range(8)]
    answers = []
    for fold in (0, 1):
        folder = tmp_path / f"fold-{fold}"
        folder.mkdir()
        names = ["local", "global", "fused", *(["waveform"] if fold else [])]
        facts = {"thresholds": {name: [0.3, 0.7] for name in names}, "min_score": 0.5}
        (folder / "fold.json").write_text(json.dumps(facts))
        (folder / "detections.json").write_text("{}")
        for page in pages[4 * fold : 4 * fold + 4]:
            p = 0.8 if page.label else 0.2
            said = {"p_waveform": p} if fold else {}
            answers.append(PagePrediction(page.key, page.label or 0, page.group, fold, p, p, p, "refer", **said))
    summary = summarise(answers, pages, RunFolder(tmp_path, ""), 2)
    assert set(summary.pooled) == {"detector", "local", "global", "fused"}
    assert set(summary.auroc_differences) == {"fused minus local", "fused minus global"}


@pytest.mark.parametrize("written", ["quick-pictures-alone", "quick-with-waveform"])
def test_a_run_of_an_earlier_version_is_resumed(written: str, tmp_path: Path) -> None:
    """As versions wrote it that knew no waveform network, and none of the measurements."""
    before = json.loads((Path(__file__).parent / "recipes" / f"{written}.json").read_text())
    open_run(tmp_path / "run", {"recipe": before, "seed": 0}, "file\n", resume=False)
    open_run(tmp_path / "run", {"recipe": RECIPES["quick"].to_json(), "seed": 0}, "file\n", resume=True)
    other = {**RECIPES["quick"].to_json(), "min_score": 0.123}
    with pytest.raises(DataError, match="another recipe"):
        open_run(tmp_path / "run", {"recipe": other, "seed": 0}, "file\n", resume=True)
