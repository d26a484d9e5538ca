"""The page's leads as a signal -> features and a normal/abnormal logit: a one-dimensional residual network.

It sees neither grid nor paper nor header. Residual blocks as He et al. 2016, in one dimension as Ribeiro et al. 2020
(Nature Communications 11:1760) use them on twelve leads; here every lead comes with a channel that says where it was
read, so that one network serves every layout.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecgcore.lead_layout import LEADS
from ecgcore.networks.configs import WaveformConfig

HIGHEST_MV = 5.0
"""Beyond it nothing is printed on paper at 10 mm/mV: a misread sample."""
_STRIDE = 2

LeadsOfNetwork = npt.NDArray[np.float32]
"""``[24, samples]``: leads in millivolts, then where each was read, as the network takes them."""


class WaveformNet(nn.Module):
    """``[B, 24, n]``, twelve leads in millivolts and where each was read, to logits ``[B]``.

    Args:
        config: the network's shape.
    """

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        self.config = config
        width, kernel = config.width, config.kernel
        self.stem = nn.Sequential(
            nn.Conv1d(2 * len(LEADS), 2 * width, 15, _STRIDE, 7, bias=False), nn.BatchNorm1d(2 * width), nn.ReLU()
        )
        channels = [2 * width, 2 * width, 3 * width, 4 * width, 6 * width]
        self.trunk = nn.Sequential(*(_Block(i, o, kernel) for i, o in pairwise(channels)))
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(config.feature_dim, 1)
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)

    def feature_maps(self, leads: Tensor) -> Tensor:
        """Last maps, ``[B, 6 * width, n / 32]``, where Grad-CAM looks."""
        maps: Tensor = self.trunk(self.stem(leads))
        return maps

    def pool(self, maps: Tensor) -> Tensor:
        """Features ``[B, 12 * width]``: the mean over time, and the maximum, which one abnormal beat reaches."""
        return torch.cat([maps.mean(dim=-1), maps.amax(dim=-1)], dim=1)

    def features(self, leads: Tensor) -> Tensor:
        """Features ``[B, 12 * width]``, one row a page."""
        return self.pool(self.feature_maps(leads))

    def classify(self, maps: Tensor) -> Tensor:
        """Logits ``[B]`` of the last maps."""
        logits: Tensor = self.fc(self.dropout(self.pool(maps))).squeeze(1)
        return logits

    def forward(self, leads: Tensor) -> Tensor:
        """Log-odds of abnormal, ``[B]``."""
        return self.classify(self.feature_maps(leads))


class _Block(nn.Module):
    """Two convolutions, half as many samples, and a way past them."""

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(before, after, kernel, _STRIDE, kernel // 2, bias=False),
            nn.BatchNorm1d(after),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Conv1d(after, after, kernel, 1, kernel // 2, bias=False),
            nn.BatchNorm1d(after),
        )
        # averaged before it, so that no strided 1x1 convolution is trained (see trainer.recipes)
        self.past = nn.Sequential(
            nn.AvgPool1d(_STRIDE, ceil_mode=True), nn.Conv1d(before, after, 1, bias=False), nn.BatchNorm1d(after)
        )

    def forward(self, maps: Tensor) -> Tensor:
        result: Tensor = torch.relu(self.convolutions(maps) + self.past(maps))
        return result


def leads_for_network(
    leads_mv: npt.NDArray[np.floating], fs_hz: float, config: WaveformConfig
) -> LeadsOfNetwork | None:
    """A page's leads as the network takes them.

    Args:
        leads_mv: as read, ``[12, n]``, NaN where not.
        fs_hz: their sampling rate, a whole multiple of the network's.
        config: the network's sampling rate and duration.

    Returns:
        Each lead about its own median, 0 where it was not read, then where it was read; what
        goes beyond the duration is left out. None where no lead is known.
    """
    step = round(fs_hz / config.fs_hz)
    n = min(config.samples, leads_mv.shape[1] // step)
    together = leads_mv[:, : n * step].astype(np.float32).reshape(len(LEADS), n, step).mean(axis=2)
    is_read = np.isfinite(together)
    if not is_read.any():
        return None
    leads = np.zeros((2, len(LEADS), config.samples), np.float32)
    for lead, read in enumerate(is_read):
        if read.any():
            about_median = together[lead, read] - np.median(together[lead, read])
            leads[0, lead, :n][read] = np.clip(about_median, -HIGHEST_MV, HIGHEST_MV)
    leads[1, :, :n] = is_read
    return leads.reshape(2 * len(LEADS), config.samples)
