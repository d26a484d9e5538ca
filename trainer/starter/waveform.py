"""Pretraining of the waveform network: signals of PTB-XL cut to what pages print, with its statements as helpers.

A page is a signal with gaps, and thousands of signals are to be had without drawing a page. Beside normal and abnormal
the network is taught the diagnostic superclasses and the common SCP statements (Wagner et al. 2020): they say which
abnormality it is, and rhythm statements what no superclass knows.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from scipy.signal import resample_poly
from torch import Tensor, nn

from ecgcore.lead_layout import LAYOUTS, LEADS, Layout
from ecgcore.networks.configs import WaveformConfig
from ecgcore.networks.waveform_net import LeadsOfNetwork, WaveformNet, leads_for_network
from ecgcore.types import FloatArray
from trainer.data.augment import balanced_order
from trainer.data.page import PreparedPage
from trainer.recipes import WaveformStage
from trainer.stages.context import StageContext
from trainer.stages.engine import Task, train
from trainer.stages.inference import features_of_leads, logits_of_pages, network_leads
from trainer.stages.lead_augment import augment_leads
from trainer.stages.start import network_config
from trainer.stages.supervision import LABEL_SMOOTHING, balanced_batches, labels_of, mean_log_loss
from trainer.stages.waveform import trainable_pages
from trainer.starter.public_datasets import Record
from trainer.starter.training_sets import diagnosis_weights

SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
FEWEST_RECORDS = 40
"""A statement of fewer records teaches nothing."""
_SUPERCLASS_WEIGHT, _STATEMENTS_WEIGHT = 0.3, 3.0
"""Of a superclass' loss, and of all statements' together, where the label's is 1."""
_USUAL_LAYOUTS = tuple(layout for layout in LAYOUTS if (layout.rows, layout.columns) == (3, 4))
_USUAL_SHARE = 0.5
PAGES_SHARE = 0.7
"""Of what a network sees that is tuned to real pages."""
_USUAL_STRIP, _STRIPS = 0.7, (1, 6, 10)
"""How often rhythm strips show II, then V1 and V5; else any leads."""


def pretrain_waveform(
    records: Sequence[Record], stage: WaveformStage, context: StageContext, *, val: Sequence[Record] = ()
) -> WaveformNet:
    """Train a waveform network on records, each time in another layout.

    Args:
        records: labelled, or with statements.
        stage: how long and how fast.
        context: where and for whom.
        val: labelled records for early stopping, as a 3x4 page with a rhythm strip prints them.
    """
    torch.manual_seed(context.seed)
    config = network_config(WaveformConfig, stage)
    multi_task = _MultiTaskNet(WaveformNet(config), _targets(records))
    signals = [_resampled(record, config) for record in records]
    steps = stage.steps_per_epoch or max(1, len(records) // stage.batch)
    checked = [as_printed(_resampled(r, config), config, Layout(3, 4, 1), (1,)) for r in val if r.label is not None]
    labels = np.array([r.label for r in val if r.label is not None], dtype=np.float64)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        rng = np.random.default_rng([context.seed, epoch])
        order = np.concatenate([rng.permutation(len(records)) for _ in range(1 + steps * stage.batch // len(records))])
        for step in range(steps):
            chosen = order[step * stage.batch : (step + 1) * stage.batch]
            batch_leads = [_drawn(signals[i], config, rng) for i in chosen]
            yield torch.from_numpy(np.stack(batch_leads)), multi_task.targets[torch.as_tensor(chosen)]

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        leads, targets = (part.to(context.device) for part in batch)
        return multi_task.loss(leads, targets)

    def validate() -> float:
        return mean_log_loss(logits_of_pages(multi_task.net, features_of_leads(multi_task.net, checked)), labels)

    train(multi_task, Task(batches, steps, loss, validate if checked else None), stage, context)
    return multi_task.net


def tune_waveform(
    net: WaveformNet,
    pages: Sequence[PreparedPage],
    records: Sequence[Record],
    stage: WaveformStage,
    context: StageContext,
) -> WaveformNet:
    """Train a waveform network further, in place, on what was read off real pages; records keep it from forgetting.

    All epochs are trained: so few pages stop the training by chance.

    Args:
        net: trained on records.
        pages: labelled pages; those without leads, and of a layout that only one class prints, are left out.
        records: as in ``pretrain_waveform``, ``1 - PAGES_SHARE`` of what is seen.
        stage: how long and how fast; an epoch is a balanced pass over the pages.
        context: where and for whom.
    """
    torch.manual_seed(context.seed)
    config = net.config
    with_leads = [(pages[i], network_leads(pages[i], config)) for i in trainable_pages(pages)]
    read = [leads for _, leads in with_leads if leads is not None]
    usable = [page for page, leads in with_leads if leads is not None]
    labels, weights = labels_of(usable), diagnosis_weights(usable)
    multi_task = _MultiTaskNet(net, _targets(records))
    signals = [_resampled(record, config) for record in records]
    of_pages = round(stage.batch * PAGES_SHARE / 2) * 2
    steps = stage.steps_per_epoch or max(1, len(balanced_order(labels, np.random.default_rng(0))) // of_pages)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        rng = np.random.default_rng([context.seed, epoch])
        for chosen in balanced_batches(labels, of_pages, steps, rng, weights):
            record_rows = rng.choice(len(records), stage.batch - of_pages)
            batch_leads = [augment_leads(read[i], config.fs_hz, rng) for i in chosen]
            batch_leads += [_drawn(signals[i], config, rng) for i in record_rows]
            targets = torch.full((len(chosen), multi_task.targets.shape[1]), torch.nan)
            targets[:, 0] = torch.as_tensor(labels[chosen])
            yield (
                torch.from_numpy(np.stack(batch_leads)),
                torch.cat([targets, multi_task.targets[torch.as_tensor(record_rows)]]),
            )

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        leads, targets = (part.to(context.device) for part in batch)
        return multi_task.loss(leads, targets)

    train(multi_task, Task(batches, steps, loss), stage, context)
    return net


class _MultiTaskNet(nn.Module):
    """The network with a second last layer, which answers the auxiliary questions and is left behind."""

    def __init__(self, net: WaveformNet, targets: FloatArray) -> None:
        super().__init__()
        self.net = net
        self.targets = torch.as_tensor(targets, dtype=torch.float32)
        helpers = targets.shape[1] - 1
        self.helper = nn.Linear(net.config.feature_dim, helpers)
        statements = helpers - len(SUPERCLASSES)
        of_statement = _STATEMENTS_WEIGHT / max(1, statements)
        self.weights = torch.tensor([1.0] + [_SUPERCLASS_WEIGHT] * len(SUPERCLASSES) + [of_statement] * statements)

    def loss(self, leads: Tensor, targets: Tensor) -> Tensor:
        """Weighted cross-entropy of the answers that are known."""
        features = self.net.dropout(self.net.features(leads))
        logits = torch.cat([self.net.fc(features), self.helper(features)], dim=1)
        smooth = targets.nan_to_num() * (1 - 2 * LABEL_SMOOTHING) + LABEL_SMOOTHING
        each = nn.functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none")
        total: Tensor = (each * targets.isfinite() * self.weights.to(each.device)).sum(dim=1).mean()
        return total


def _targets(records: Sequence[Record]) -> FloatArray:
    """Label, superclasses and common statements of each record, ``[n, 1 + 5 + m]``; NaN where unknown."""
    counts = Counter(statement for record in records for statement in record.statements)
    common = sorted(s for s, n in counts.items() if n >= FEWEST_RECORDS and s not in SUPERCLASSES)
    known = np.array([[name in r.statements for name in (*SUPERCLASSES, *common)] for r in records], dtype=np.float64)
    known[[not record.statements for record in records]] = np.nan
    labels = [np.nan if record.label is None else record.label for record in records]
    return np.column_stack([labels, known])


def _resampled(record: Record, config: WaveformConfig) -> FloatArray:
    """Its leads at the network's rate, ``float32 [12, n]``."""
    rates = round(config.fs_hz), round(record.fs_hz)
    return np.asarray(resample_poly(record.signals_mv, *rates, axis=1), dtype=np.float32)


def as_printed(
    leads_mv: FloatArray, config: WaveformConfig, layout: Layout, strips: Sequence[int]
) -> LeadsOfNetwork | None:
    """What a page of that layout shows of a record.

    Args:
        leads_mv: at the network's rate, ``[12, n]``.
        config: of the network.
        layout: of the page.
        strips: which leads its rhythm strips show.
    """
    shown = np.full(leads_mv.shape, np.nan, np.float32)
    width = min(config.samples, leads_mv.shape[1]) / layout.columns
    for row, column in np.ndindex(layout.rows, layout.columns):
        lead, place = layout.lead_at(row, column), slice(round(column * width), round((column + 1) * width))
        shown[lead, place] = leads_mv[lead, place]
    for lead in strips:
        shown[lead] = leads_mv[lead]
    return leads_for_network(shown, config.fs_hz, config)


def _drawn(leads_mv: FloatArray, config: WaveformConfig, rng: np.random.Generator) -> LeadsOfNetwork:
    """A record in a layout drawn at random, and varied."""
    choice = _USUAL_LAYOUTS if rng.random() < _USUAL_SHARE else LAYOUTS
    layout = choice[rng.integers(len(choice))]
    strips = _STRIPS if rng.random() < _USUAL_STRIP else rng.permutation(len(LEADS)).tolist()
    leads = as_printed(leads_mv, config, layout, strips[: layout.strips])
    assert leads is not None
    return augment_leads(leads, config.fs_hz, rng)
