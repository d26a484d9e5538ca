"""Shares equal leaving beats out one by one."""

import pytest
import torch

from ecgcore.explain.shares import beat_shares
from ecgcore.networks.configs import FusionConfig
from ecgcore.networks.fusion import FusionHead, PageFeatures


@pytest.mark.parametrize("pool", ["sum", "mean"])
@pytest.mark.parametrize("n", [1, 2, 9])
def test_shares_equal_leaving_one_out(pool: str, n: int) -> None:
    torch.manual_seed(n)
    head = FusionHead(FusionConfig(pool, 8, 5, 6)).eval()  # type: ignore[arg-type]
    torch.nn.init.normal_(head.fc1.weight)
    torch.nn.init.normal_(head.fc2.weight)
    f_global, f_beats = torch.rand(5), torch.rand(n, 6)

    def fused(beats: torch.Tensor) -> float:
        with torch.no_grad():
            return float(head(PageFeatures(f_global[None], beats.sum(dim=0)[None], torch.tensor([len(beats)]))))

    brute = [fused(f_beats) - fused(torch.cat([f_beats[:i], f_beats[i + 1 :]])) for i in range(n)]
    page = PageFeatures(f_global[None], f_beats.sum(dim=0, keepdim=True), torch.tensor([n]))
    shares = beat_shares(head, page, f_beats)
    assert shares.tolist() == pytest.approx(brute, abs=1e-5)
    assert max(abs(share) for share in brute) > 1e-3
