from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.bundle.folder import Bundle
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.build import Networks
from tests.support.prepared_pages import prepared_page
from tests.support.tiny import TINY_OPERATING_POINT, save_tiny_bundle, tiny_networks
from trainer.crossval.lineage import Ancestor, start_chooser
from trainer.data.page import PreparedPage
from trainer.named_recipes import RECIPES
from trainer.recipes import FusionStage
from trainer.stages.context import StageContext
from trainer.stages.fusion import new_head, train_head
from trainer.stages.head_features import HeadFeatures, Trunks, with_signals
from trainer.stages.inference import fused_logits
from trainer.stages.start import Start, choose_start

STAGE = FusionStage(epochs=30, batch=16, lr=1e-2, hidden=16)
RATE = MEASUREMENT_NAMES.index("heart_rate_bpm")


def page(label: int, seed: int) -> PreparedPage:
    """A page that only its rate gives away: abnormal where it is slow or fast."""
    rng = np.random.default_rng(seed)
    measured = np.full(len(MEASUREMENT_NAMES), np.nan)
    measured[RATE] = rng.choice([rng.uniform(30, 50), rng.uniform(110, 150)]) if label else rng.uniform(60, 95)
    return replace(prepared_page(f"{label}-{seed}", label), measured=measured)


def features(trunks: Trunks, count: int, seed: int) -> HeadFeatures:
    pages = [page(number % 2, seed + number) for number in range(count)]
    labels = np.array([one.label for one in pages], dtype=np.float64)
    width = trunks.global_.config.feature_dim
    seen = HeadFeatures(torch.zeros(count, width), [torch.zeros(2, trunks.local.config.feature_dim)] * count, labels)
    return with_signals(seen, trunks, pages)


def trunks_of(nets: Networks) -> Trunks:
    return Trunks(nets.global_, nets.local, None, MEASUREMENT_NAMES)


def test_a_head_learns_a_number_that_is_unusual_on_both_sides() -> None:
    torch.manual_seed(0)
    trunks = trunks_of(tiny_networks())
    head = new_head(trunks, STAGE)
    assert head.embedding is not None and not head.embedding.knows_edges
    train_head(head, features(trunks, 120, 0), STAGE, StageContext(None, "fusion", torch.device("cpu")))
    assert head.embedding.knows_edges
    new = features(trunks, 40, 1000)
    right = (fused_logits(head, new.pooled()) > 0) == (new.labels == 1)
    assert right.mean() > 0.9


def test_a_head_does_not_rely_on_pictures_that_were_learnt_by_heart() -> None:
    """The picture networks' features of their own training pages are the label itself; of new pages they are noise."""
    torch.manual_seed(0)
    trunks = trunks_of(tiny_networks())
    head, learnt, new = new_head(trunks, STAGE), features(trunks, 120, 0), features(trunks, 80, 1000)
    by_heart = torch.as_tensor(2 * learnt.labels - 1, dtype=torch.float32)[:, None]
    learnt = replace(learnt, f_global=learnt.f_global + by_heart)
    train_head(head, learnt, STAGE, StageContext(None, "fusion", torch.device("cpu")))
    misled = replace(new, f_global=new.f_global - torch.as_tensor(2 * new.labels - 1, dtype=torch.float32)[:, None] / 4)
    right = (fused_logits(head, misled.pooled()) > 0) == (new.labels == 1)
    assert right.mean() > 0.8


def test_a_head_that_is_trained_further_keeps_its_pieces() -> None:
    trunks = trunks_of(tiny_networks())
    head = new_head(trunks, STAGE)
    assert head.embedding is not None
    head.embedding.fit_edges(torch.randn(100, len(MEASUREMENT_NAMES)))
    before = head.embedding.edges.clone()
    stage = replace(STAGE, epochs=1)
    train_head(head, features(trunks, 20, 0), stage, StageContext(None, "fusion", torch.device("cpu")))
    assert torch.equal(head.embedding.edges, before)


@pytest.mark.parametrize("is_fresh", [True, False])
def test_a_heads_layers_are_drawn_anew_where_the_stage_says_so(is_fresh: bool) -> None:
    trunks = trunks_of(tiny_networks())
    head, context = new_head(trunks, STAGE), StageContext(None, "fusion", torch.device("cpu"))
    train_head(head, features(trunks, 20, 0), replace(STAGE, epochs=1), context)
    learnt = {name: value.clone() for name, value in head.state_dict().items()}
    train_head(head, features(trunks, 20, 0), replace(STAGE, epochs=0, fresh_head=is_fresh), context)
    changed = {name for name, value in head.state_dict().items() if not torch.equal(value, learnt[name])}
    assert {name.split(".")[0] for name in changed} == ({"fc1", "bn", "fc2"} if is_fresh else set())


@pytest.mark.parametrize("has_measurements", [True, False])
def test_a_bundle_is_retrained_with_what_its_head_is_told(has_measurements: bool) -> None:
    nets = tiny_networks(has_waveform=has_measurements)
    bundle = Bundle("x", None, {}, nets, TINY_OPERATING_POINT, torch.device("cpu"))  # type: ignore[arg-type]
    recipe = RECIPES["tiny"]
    told = choose_start("bundle", bundle, recipe).measurements_of(recipe)
    assert told == (MEASUREMENT_NAMES if has_measurements else ())
    assert choose_start("random", bundle, recipe).measurements_of(recipe) == MEASUREMENT_NAMES


@pytest.mark.parametrize("has_measurements", [True, False])
def test_a_fold_without_a_clean_ancestor_is_told_what_the_others_are(has_measurements: bool, tmp_path: Path) -> None:
    seen = [("", "p1", "")]
    folder = save_tiny_bundle(tmp_path / "b", trained_on=seen, has_waveform=has_measurements)
    recipe = RECIPES["tiny"]
    choose = start_chooser([Ancestor.of(folder)], "bundle", recipe, "cpu", needs_bundle=False)
    of_clean, of_seen = (choose([replace(page(1, 0), group=group)]) for group in ("p0", "p1"))
    assert [chosen.facts.start_from for chosen in (of_clean, of_seen)] == ["bundle", "random"]
    told = [chosen.start.measurements_of(recipe) for chosen in (of_clean, of_seen)]
    assert told == [MEASUREMENT_NAMES if has_measurements else ()] * 2


def test_the_published_method_is_told_nothing() -> None:
    patent = RECIPES["patent"]
    assert Start().measurements_of(patent) == ()
    bundle = Bundle("x", None, {}, tiny_networks(), TINY_OPERATING_POINT, torch.device("cpu"))  # type: ignore[arg-type]
    assert choose_start("bundle", bundle, patent).measurements_of(patent) == ()
    nets = tiny_networks(has_waveform=False)
    assert new_head(Trunks(nets.global_, nets.local), patent.fusion).embedding is None
    assert not {"measures", "pictures_hidden"} & patent.to_json()["fusion"].keys()
