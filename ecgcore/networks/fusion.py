"""Stages 4 and 5: features of the page, of its beats and of its signal -> one fused logit (patent CN110731773A).

The published head fuses page and beats. Where a bundle has a waveform network, its features go into the same two
layers, with one more number that says whether any lead was read; and so do the measurements where its config names
some.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor, nn

from ecgcore.networks.configs import FusionConfig
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.measurement_embedding import MeasurementEmbedding


@dataclass(frozen=True)
class PageFeatures:
    """What the fusion head sees of ``B`` pages.

    Args:
        f_global: page features, ``[B, global_dim]``.
        f_beats_sum: beat features summed over each page's beats, ``[B, local_dim]`` (``sum_beats``).
        n_beats: number of beats of each page, ``[B]``; used where ``pool`` is "mean".
        f_waveform: features of each page's signal, ``[B, waveform_dim]``, a row of NaN where no lead was read; None
            where none was read on any page. Not used by a head without them.
        measured: the measurements that the head's config names, ``[B, m]``, NaN where not measured; None where there
            are none. Not used by a head without them.
    """

    f_global: Tensor
    f_beats_sum: Tensor
    n_beats: Tensor
    f_waveform: Tensor | None = None
    measured: Tensor | None = None

    def on(self, device: torch.device) -> "PageFeatures":
        """The same on a device."""
        return self._mapped(lambda part: part.to(device))

    def repeated(self, n: int) -> "PageFeatures":
        """One page ``n`` times."""
        return self._mapped(lambda part: part.expand(n, *part.shape[1:]))

    def _mapped(self, change: Callable[[Tensor], Tensor]) -> "PageFeatures":
        f_waveform = None if self.f_waveform is None else change(self.f_waveform)
        measured = None if self.measured is None else change(self.measured)
        return PageFeatures(change(self.f_global), change(self.f_beats_sum), change(self.n_beats), f_waveform, measured)

    def without_signal(self) -> "PageFeatures":
        """As if no lead had been read for the waveform network."""
        return replace(self, f_waveform=None)

    def without_measurements(self) -> "PageFeatures":
        """As if nothing had been measured."""
        return replace(self, measured=None)


class FusionHead(nn.Module):
    """Two fully connected layers on (page, pooled beat, waveform and measurement features); logits ``[B]``."""

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.config = config
        inputs = config.global_dim + config.local_dim + (config.pool == "mean")
        inputs += config.waveform_dim + 1 if config.waveform_dim else 0
        self.embedding = MeasurementEmbedding(len(config.measurements)) if config.measurements else None
        inputs += 0 if self.embedding is None else self.embedding.feature_dim
        self.fc1 = nn.Linear(inputs, config.hidden)
        self.bn = nn.BatchNorm1d(config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.fc2 = nn.Linear(config.hidden, 1)
        for layer in (self.fc1, self.fc2):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, pages: PageFeatures) -> Tensor:
        """Log-odds of abnormal, ``[B]``."""
        parts = [pages.f_global, pages.f_beats_sum]
        if self.config.pool == "mean":
            n = pages.n_beats.to(pages.f_beats_sum.dtype).clamp(min=1)[:, None]
            parts = [pages.f_global, pages.f_beats_sum / n, n.log()]
        if self.config.waveform_dim:
            f_waveform = _known(pages.f_waveform, pages.f_global, self.config.waveform_dim)
            is_read = ~f_waveform.isnan().any(dim=1, keepdim=True)
            parts += [torch.where(is_read, f_waveform, 0.0), is_read.to(f_waveform.dtype)]
        if self.embedding is not None:
            parts.append(self.embedding(_known(pages.measured, pages.f_global, len(self.config.measurements))))
        hidden = self.dropout(torch.relu(self.bn(self.fc1(torch.cat(parts, dim=1)))))
        logits: Tensor = self.fc2(hidden).squeeze(1)
        return logits


def _known(values: Tensor | None, beside: Tensor, width: int) -> Tensor:
    """The values, or as many NaN for each row ``beside``."""
    return beside.new_full((len(beside), width), torch.nan) if values is None else values


def sum_beats(f_beats: Tensor, counts: Sequence[int]) -> Tensor:
    """Sum the features of consecutive beats page by page: ``[sum(counts), D]`` to ``[len(counts), D]``.

    Args:
        f_beats: features of all pages' beats, one page after the other.
        counts: beats of each page.
    """
    return torch.stack([page.sum(dim=0) for page in torch.split(f_beats, list(counts))])


def freeze_batch_norm(module: nn.Module) -> None:
    """Fix statistics and scales of every batch norm in ``module``: joint batches are too small to estimate them."""
    for child in module.modules():
        if isinstance(child, nn.modules.batchnorm._BatchNorm):
            child.eval()
            child.requires_grad_(False)


class FusedNet(nn.Module):
    """Page, beats and head as one network, for joint training; the trunks' batch norm stays frozen."""

    def __init__(self, global_net: GlobalNet, local_net: LocalNet, head: FusionHead) -> None:
        super().__init__()
        self.global_net = global_net
        self.local_net = local_net
        self.head = head

    def train(self, mode: bool = True) -> Self:
        """Set the mode as usual, then freeze the trunks' batch norm again."""
        super().train(mode)
        freeze_batch_norm(self.global_net)
        freeze_batch_norm(self.local_net)
        return self

    def forward(
        self,
        pages: Tensor,
        crops: Sequence[Tensor],
        f_waveform: Tensor | None = None,
        measured: Tensor | None = None,
    ) -> Tensor:
        """Log-odds of abnormal.

        Args:
            pages: canvases, ``[B, 1, H, W]``.
            crops: the beats of each page, ``B`` tensors ``[n_k, channels, H, W]``, every ``n_k >= 1``.
            f_waveform: as in ``PageFeatures``.
            measured: as in ``PageFeatures``.

        Returns:
            Logits ``[B]``.
        """
        counts = [len(beats) for beats in crops]
        f_beats = self.local_net.features(torch.cat(list(crops)))
        n_beats = torch.tensor(counts, device=pages.device)
        f_global = self.global_net.features(pages)
        logits: Tensor = self.head(PageFeatures(f_global, sum_beats(f_beats, counts), n_beats, f_waveform, measured))
        return logits
