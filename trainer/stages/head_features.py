"""What a fusion head learns from: the features of pages, beats and signals, computed once, and the measurements."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from ecgcore.networks.build import Networks
from ecgcore.networks.fusion import FusionHead, PageFeatures
from ecgcore.networks.global_net import GlobalNet
from ecgcore.networks.local_net import LocalNet
from ecgcore.networks.waveform_net import WaveformNet
from ecgcore.types import FloatArray
from trainer.data.augment import BOX_JITTER, augment_page, jitter_boxes
from trainer.data.page import PreparedPage
from trainer.stages.cross_fit import CrossFitted
from trainer.stages.inference import (
    beat_features,
    global_features,
    measured_values,
    page_features,
    waveform_features,
)
from trainer.stages.inference_cache import InferenceCache
from trainer.stages.supervision import PagesAndBeats, labels_of, pages_with_beats


@dataclass(frozen=True)
class Trunks:
    """What a head fuses.

    Args:
        global_, local, waveform: trained networks; a method as published has no waveform network.
        measurements: names of the measurements that the head is told.
        cross_fitted: networks that have not seen the pages which teach the head, ``waveform`` among them; by default
            ``waveform`` answers for these too.
    """

    global_: GlobalNet
    local: LocalNet
    waveform: WaveformNet | None = None
    measurements: tuple[str, ...] = ()
    cross_fitted: CrossFitted | None = None

    @classmethod
    def of(cls, nets: Networks) -> "Trunks":
        """Those of a bundle."""
        return cls(nets.global_, nets.local, nets.waveform, nets.fusion.config.measurements)

    def fit(self, head: FusionHead) -> bool:
        """Whether a head takes their features."""
        config = head.config
        shape = config.global_dim, config.local_dim, config.waveform_dim, config.measurements
        return shape == (
            self.global_.config.feature_dim,
            self.local.config.feature_dim,
            self.waveform_dim,
            self.measurements,
        )

    @property
    def waveform_dim(self) -> int:
        """Features of a page's signal; 0 without a waveform network."""
        return 0 if self.waveform is None else self.waveform.config.feature_dim


def with_beats(
    pages: Sequence[PreparedPage], beats: Sequence[FloatArray]
) -> tuple[list[PreparedPage], list[FloatArray]]:
    """Leave out pages without a beat, since such a page is referred.

    Args:
        pages: N pages.
        beats: boxes of each, ``[n, 4]``.

    Raises:
        DataError: no page has a beat.
    """
    kept = pages_with_beats(beats)
    return [pages[i] for i in kept], [beats[i] for i in kept]


@dataclass(frozen=True)
class HeadFeatures:
    """What a head learns from, N pages.

    Args:
        f_global: page features, ``[N, D]``.
        f_beats: beat features of each page, ``[n, D]``.
        labels: 0.0 or 1.0, ``[N]``.
        f_waveform: waveform features, ``[N, D]``, a row of NaN where no lead was read; None without such a network.
        measured: the measurements that the head is told, ``[N, m]``, NaN where not measured; None for a head without.
    """

    f_global: Tensor
    f_beats: list[Tensor]
    labels: FloatArray
    f_waveform: Tensor | None = None
    measured: Tensor | None = None

    def rows(self, rows: Sequence[int]) -> "HeadFeatures":
        """Those of some pages."""
        numbers = list(rows)
        f_waveform = None if self.f_waveform is None else self.f_waveform[numbers]
        measured = None if self.measured is None else self.measured[numbers]
        f_beats = [self.f_beats[row] for row in numbers]
        return HeadFeatures(self.f_global[numbers], f_beats, self.labels[numbers], f_waveform, measured)

    def pooled(self) -> PageFeatures:
        """As the head takes them."""
        return page_features(self.f_global, self.f_beats, self.f_waveform, self.measured)


def augmented_features(
    trunks: Trunks, pages: Sequence[PreparedPage], beats: Sequence[FloatArray], seed: int
) -> HeadFeatures:
    """Features of varied pages, boxes and leads, for training: the trunks know their own training pages too well.

    Args:
        trunks: the networks.
        pages: N labelled pages.
        beats: boxes of each, ``[n, 4]`` in panel pixels.
        seed: of the changes.
    """
    rng = np.random.default_rng(seed)
    varied = [replace(page, ink=augment_page(page.ink, rng)) for page in pages]
    f_global = global_features(trunks.global_, varied)
    f_beats = beat_features(trunks.local, pages, [jitter_boxes(boxes, BOX_JITTER, rng) for boxes in beats])
    return with_signals(HeadFeatures(f_global, f_beats, labels_of(pages)), trunks, pages, rng)


def unaugmented_features(trunks: Trunks, pages: Sequence[PreparedPage], beats: Sequence[FloatArray]) -> HeadFeatures:
    """Features of pages, beats and leads as they are, for validation and measuring.

    Args:
        trunks: the networks.
        pages: N labelled pages.
        beats: boxes of each, ``[n, 4]`` in panel pixels.
    """
    features = HeadFeatures(
        global_features(trunks.global_, pages), beat_features(trunks.local, pages, beats), labels_of(pages)
    )
    return with_signals(features, trunks, pages)


def frozen_features(
    inference_cache: InferenceCache, trunks: Trunks, train: PagesAndBeats, val: PagesAndBeats, seed: int
) -> tuple[HeadFeatures, HeadFeatures]:
    """What a head learns from and is stopped by, where the trunks stay as they are and what they see is kept.

    Args:
        inference_cache: with frozen trunks.
        trunks: what the head fuses.
        train: labelled pages with their beats; those without a beat are left out.
        val: the same for early stopping.
        seed: of how signals are varied.
    """
    pages, beats = with_beats(*train)
    train_features = HeadFeatures(
        *inference_cache.augmented_features(trunks.global_, trunks.local, pages, beats), labels_of(pages)
    )
    val_features = HeadFeatures(*inference_cache.features(trunks.global_, trunks.local, *val), labels_of(val[0]))
    train_features = with_signals(train_features, trunks, pages, np.random.default_rng(seed))
    return train_features, with_signals(val_features, trunks, val[0])


def with_signals(
    features: HeadFeatures, trunks: Trunks, pages: Sequence[PreparedPage], rng: np.random.Generator | None = None
) -> HeadFeatures:
    """The features with those of the pages' signals, and their measurements.

    Args:
        features: features of pages and beats.
        trunks: the networks.
        pages: the same pages.
        rng: varies the leads, for training; None leaves them as they are.
    """
    f_waveform = None
    if trunks.waveform is not None and rng is None:
        f_waveform = waveform_features(trunks.waveform, pages)
    elif trunks.waveform is not None and rng is not None:
        f_waveform = (trunks.cross_fitted or CrossFitted(trunks.waveform)).augmented_features(pages, rng)
    return replace(features, f_waveform=f_waveform, measured=measured_values(pages, trunks.measurements))
