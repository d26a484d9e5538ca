"""Shares of the decision: what each beat, the signal and each measurement moves the fused logit by."""

from dataclasses import replace

import torch
from torch import Tensor

from ecgcore.networks.fusion import FusionHead, PageFeatures


@torch.no_grad()
def beat_shares(head: FusionHead, page: PageFeatures, f_beats: Tensor) -> Tensor:
    """Each beat's share of the decision: the fused logit minus the fused logit without that beat.

    Args:
        head: the fusion head, in eval mode.
        page: what it sees of one page, with all of its beats.
        f_beats: features of the beats, ``[n, local_dim]``, ``n >= 1``; the last one's rest is the empty sum, zeros.

    Returns:
        ``[n]``, positive toward abnormal.
    """
    each = page.repeated(len(f_beats))
    without: Tensor = head(replace(each, f_beats_sum=each.f_beats_sum - f_beats, n_beats=each.n_beats - 1))
    whole: Tensor = head(page)
    return whole - without


@torch.no_grad()
def part_shares(head: FusionHead, page: PageFeatures) -> tuple[float, float]:
    """The signal's share of the decision and that of all measurements: the fused logit minus that without them.

    Both are 0 where the head does not use them, or nothing was read.

    Args:
        head: the fusion head.
        page: what it is told of one page.
    """
    whole = float(head(page))
    return whole - float(head(page.without_signal())), whole - float(head(page.without_measurements()))


@torch.no_grad()
def measurement_shares(head: FusionHead, page: PageFeatures) -> Tensor:
    """Each measurement's share of the decision: the fused logit minus the fused logit as if it had not been measured.

    Args:
        head: the fusion head, in eval mode.
        page: what it sees of one page, with ``m`` measurements.

    Returns:
        ``[m]``, positive toward abnormal, 0 of what was not measured.
    """
    assert page.measured is not None
    count = page.measured.shape[1]
    is_left_out = torch.eye(count, dtype=torch.bool, device=page.measured.device)
    each = replace(page.repeated(count), measured=page.measured.expand(count, -1).masked_fill(is_left_out, torch.nan))
    shares: Tensor = head(page) - head(each)
    return shares
