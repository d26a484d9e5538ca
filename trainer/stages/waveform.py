"""The stage of the waveform network: the signals of labelled pages -> a classifier of what was read off them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from ecgcore.networks.configs import WaveformConfig
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import FloatArray
from trainer.data.page import PreparedPage
from trainer.recipes import WaveformStage
from trainer.stages.context import StageContext
from trainer.stages.engine import Task, train
from trainer.stages.inference import network_leads, waveform_logits
from trainer.stages.lead_augment import augment_leads
from trainer.stages.start import network_config
from trainer.stages.supervision import balanced_batches, binary_loss, fresh_head, labels_of, mean_log_loss, steps_of


def train_waveform(
    pages: Sequence[PreparedPage],
    stage: WaveformStage,
    context: StageContext,
    *,
    init: WaveformNet | None = None,
    val: Sequence[PreparedPage] = (),
    weights: FloatArray | None = None,
) -> WaveformNet:
    """Train the waveform network on the pages whose leads could be read.

    A layout that only one class prints would teach the layout: such pages are left out.

    Args:
        pages: labelled pages.
        stage: how long and how fast.
        context: where and for whom.
        init: start from these weights; None starts anew.
        val: labelled pages for early stopping.
        weights: chance of each page to be drawn, relative to its class (``[N]``); even by default.

    Raises:
        DataError: there is no such page.
    """
    torch.manual_seed(context.seed)
    model = init or WaveformNet(network_config(WaveformConfig, stage))
    if stage.fresh_head:
        fresh_head(model.fc)
    leads_of = {
        i: leads for i in trainable_pages(pages) if (leads := network_leads(pages[i], model.config)) is not None
    }
    kept, read = list(leads_of), list(leads_of.values())
    labels = labels_of([pages[i] for i in kept])
    weights = None if weights is None else weights[kept]
    steps = steps_of(stage, labels)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        rng = np.random.default_rng([context.seed, epoch])
        for chosen in balanced_batches(labels, stage.batch, steps, rng, weights):
            varied = [augment_leads(read[i], model.config.fs_hz, rng) for i in chosen]
            yield torch.from_numpy(np.stack(varied)), torch.as_tensor(labels[chosen], dtype=torch.float32)

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        seen, target = (part.to(context.device) for part in batch)
        return binary_loss(model(seen), target)

    def validate() -> float:
        logits = waveform_logits(model, val)
        judged = np.isfinite(logits)
        return mean_log_loss(logits[judged], labels_of(val)[judged])

    is_checked = any(page.leads_mv is not None for page in val)
    train(model, Task(batches, steps, loss, validate if is_checked else None), stage, context)
    return model


def trainable_pages(pages: Sequence[PreparedPage]) -> list[int]:
    """Numbers of the labelled pages with leads in layouts that both classes print.

    A layout is known by how much of the page its median lead fills: a quarter on 3x4, a half on 6x2.
    """
    read = [index for index, page in enumerate(pages) if page.label is not None and page.leads_mv is not None]
    layout = {index: round(4 * float(np.median(read_share(pages[index])))) for index in read}
    classes: dict[int, set[int | None]] = {}
    for index in read:
        classes.setdefault(layout[index], set()).add(pages[index].label)
    return [index for index in read if len(classes[layout[index]]) > 1]


def read_share(page: PreparedPage) -> FloatArray:
    """Of each lead, ``[12]``."""
    assert page.leads_mv is not None
    share: FloatArray = np.isfinite(page.leads_mv).mean(axis=1)
    return share
