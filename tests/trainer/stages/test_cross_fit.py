import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from ecgcore.errors import DataError
from ecgcore.networks.waveform_net import WaveformNet
from tests.support.tiny import tiny_networks
from tests.support.waveform_pages import CONFIG, leads_mv, page
from trainer.data.page import PreparedPage
from trainer.stages.cross_fit import CrossFitted, cross_fit, mean_of
from trainer.stages.head_features import HeadFeatures, Trunks, with_signals


class ByHeart(WaveformNet):
    """Tells in its features the number of the part that it left out."""

    def __init__(self, part: int) -> None:
        super().__init__(CONFIG)
        self.register_buffer("part", torch.tensor(float(part)))

    def features(self, leads: Tensor) -> Tensor:
        assert isinstance(self.part, Tensor)
        return self.part.expand(len(leads), self.config.feature_dim)


def pages_of_patients(count: int) -> list[PreparedPage]:
    """Two pages of every patient."""
    return [replace(page(n % 2, n), group=f"patient {n % count}") for n in range(2 * count)]


def fitted(pages: Sequence[PreparedPage], left_out: dict[int, set[str]]) -> CrossFitted:
    def tune(seen: Sequence[PreparedPage], part: int) -> WaveformNet:
        left_out[part] = {one.group for one in pages} - {one.group for one in seen}
        return ByHeart(part)

    return cross_fit(pages, 4, 1, tune)


def test_every_page_is_judged_by_a_network_that_has_not_seen_its_patient() -> None:
    pages, left_out = pages_of_patients(12), dict[int, set[str]]()
    cross = fitted(pages, left_out)
    parts = cross.augmented_features(pages, np.random.default_rng(0))[:, 0].int().tolist()
    assert sorted(left_out) == [0, 1, 2, 3]
    assert all(one.group in left_out[part] for one, part in zip(pages, parts, strict=True))
    assert sum(len(groups) for groups in left_out.values()) == 12


def test_pages_of_others_are_judged_by_the_mean() -> None:
    cross = fitted(pages_of_patients(12), {})
    other = [page(1, 99), replace(page(1, 98), leads_mv=None)]
    features = cross.augmented_features(other, np.random.default_rng(0))
    assert features[0, 0] == pytest.approx(1.5)
    assert features[1].isnan().all()


def test_the_head_learns_from_unseen_pages_and_is_asked_by_the_mean() -> None:
    pages = pages_of_patients(12)
    cross = fitted(pages, {})
    nets = tiny_networks()
    trunks = Trunks(nets.global_, nets.local, cross.net, (), cross)
    seen = HeadFeatures(torch.zeros(24, 1), [torch.zeros(1, 1)] * 24, np.array([one.label for one in pages], float))
    learnt = with_signals(seen, trunks, pages, np.random.default_rng(0)).f_waveform
    asked = with_signals(seen, trunks, pages).f_waveform
    assert learnt is not None and sorted(set(learnt[:, 0].tolist())) == [0.0, 1.0, 2.0, 3.0]
    assert asked is not None and set(asked[:, 0].tolist()) == {1.5}


def test_the_mean_of_networks_answers_between_them() -> None:
    torch.manual_seed(0)
    first = WaveformNet(CONFIG).eval()
    assert torch.equal(mean_of([first, copy.deepcopy(first)]).fc.weight, first.fc.weight)
    second = copy.deepcopy(first)
    with torch.no_grad():
        second.fc.bias += 2.0
    leads = torch.from_numpy(np.nan_to_num(np.tile(leads_mv(0, 1)[:, ::5], (2, 1)).astype(np.float32)))[None]
    assert mean_of([first, second])(leads).item() == pytest.approx(first(leads).item() + 1.0, abs=1e-5)


def test_too_few_patients_are_told() -> None:
    with pytest.raises(DataError):
        fitted(pages_of_patients(2), {})
