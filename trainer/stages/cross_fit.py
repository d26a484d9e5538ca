"""Waveform networks that each leave some pages out, so that a head learns from what they say of pages they never saw.

A head that is taught on pages which a network knows by heart believes this network and nothing beside it (stacked
generalisation: Wolpert 1992). What screens afterwards is one network, the mean of the parts' weights: networks that
were tuned from the same weights may be averaged (model soups: Wortsman et al. 2022).
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ecgcore.networks.waveform_net import WaveformNet
from trainer.data.folds import assign_folds
from trainer.data.page import PreparedPage
from trainer.stages.inference import features_of_leads, network_leads
from trainer.stages.lead_augment import augment_leads


@dataclass(frozen=True)
class CrossFitted:
    """A waveform network, and those that it is the mean of.

    Args:
        net: what screens.
        parts: networks that each left one part of the pages out; none where ``net`` was trained as a whole.
        part_of_group: which of ``parts`` has not seen the pages of a group; other groups none of them has seen.
    """

    net: WaveformNet
    parts: tuple[WaveformNet, ...] = ()
    part_of_group: Mapping[str, int] = field(default_factory=dict)

    def augmented_features(self, pages: Sequence[PreparedPage], rng: np.random.Generator) -> Tensor:
        """Features ``[N, D]`` of varied leads by the network that has not seen the page; NaN where none was read.

        Args:
            pages: N pages; the part that a page belongs to is known by its group.
            rng: varies the leads.
        """
        leads = [network_leads(page, self.net.config) for page in pages]
        varied = [None if one is None else augment_leads(one, self.net.config.fs_hz, rng) for one in leads]
        features = torch.full((len(pages), self.net.config.feature_dim), torch.nan)
        part_of = [self.part_of_group.get(page.group_key) for page in pages]
        for part in set(part_of):
            rows = [row for row, of in enumerate(part_of) if of == part]
            net = self.net if part is None else self.parts[part]
            features[rows] = features_of_leads(net, [varied[row] for row in rows])
        return features


def cross_fit(
    pages: Sequence[PreparedPage], n_parts: int, seed: int, tune: Callable[[Sequence[PreparedPage], int], WaveformNet]
) -> CrossFitted:
    """Tune one network for each part of the pages, to the pages of the other parts.

    Args:
        pages: labelled; pages of one group stay in one part.
        n_parts: at least 2.
        seed: of the division.
        tune: pages and number of the part that is left out -> a network; all from the same weights.

    Raises:
        DataError: a class has too few groups to be in every part.
    """
    groups = [page.group_key for page in pages]
    part_of = assign_folds([page.label for page in pages], groups, n_parts, seed)
    parts = tuple(
        tune([page for page, of in zip(pages, part_of, strict=True) if of != part], part) for part in range(n_parts)
    )
    return CrossFitted(mean_of(parts), parts, dict(zip(groups, part_of.tolist(), strict=True)))


def mean_of(nets: Sequence[WaveformNet]) -> WaveformNet:
    """A network with the mean of the networks' weights, in eval mode."""
    states = [net.state_dict() for net in nets]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(first.dtype)
        for name, first in states[0].items()
    }
    net = copy.deepcopy(nets[0])
    net.load_state_dict(mean)
    return net.eval()
