"""Inference by networks that do not learn; outputs of frozen ones are cached by their weights and the picture."""

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ecgcore.networks.detector import BeatDetector, detect_beats
from ecgcore.networks.global_net import GlobalNet, page_canvas
from ecgcore.networks.local_net import LocalNet, cut_beats
from ecgcore.types import FloatArray
from trainer.atomic_files import write_bytes_atomic
from trainer.data.augment import BOX_JITTER, augment_page, jitter_boxes
from trainer.data.code_version import code_version
from trainer.data.page import PreparedPage
from trainer.progress import Progress, ProgressEvent, silent
from trainer.stages.inference import LOWEST_SCORE, beat_features, detect_pages, global_features
from trainer.workload import INFERENCE

Detections = tuple[FloatArray, FloatArray]
"""Boxes of one page in panel pixels ``[n, 4]`` and their scores ``[n]``, down to ``LOWEST_SCORE``."""


@dataclass(frozen=True)
class InferenceCache:
    """How a training runs inference on its pages, and where the outputs of frozen networks are cached.

    Args:
        folder: of the cache; None caches nothing.
        has_frozen_detector: whether the detector is a bundle's, as it is.
        has_frozen_trunks: whether the local and the global network are a bundle's, as they are, but for their last
            layers.
        progress: told of every page.
    """

    folder: Path | None = None
    has_frozen_detector: bool = False
    has_frozen_trunks: bool = False
    progress: Progress = silent

    def detections(self, detector: BeatDetector, pages: Sequence[PreparedPage]) -> list[Detections]:
        """Boxes and scores of every page.

        Args:
            detector: looks at the pages.
            pages: N pages.
        """
        if self.folder is None or not self.has_frozen_detector:
            return [detect_pages(detector, [page], LOWEST_SCORE)[0] for page in self._one_by_one(pages)]
        place = self.folder / f"beats-{_fingerprint(detector)}"

        def compute(page: PreparedPage) -> dict[str, Tensor]:
            ((boxes, scores),) = detect_pages(detector, [page], LOWEST_SCORE)
            return {"boxes": torch.from_numpy(boxes), "scores": torch.from_numpy(scores)}

        kept = [_cached(place / _name(page), partial(compute, page)) for page in self._one_by_one(pages)]
        return [(outputs["boxes"].numpy(), outputs["scores"].numpy()) for outputs in kept]

    def beats(self, detector: BeatDetector, pages: Sequence[PreparedPage], min_score: float) -> list[FloatArray]:
        """The boxes of every page, ``[n, 4]``, from the operating score on.

        Args:
            detector: looks at the pages.
            pages: N pages.
            min_score: the operating score.
        """
        return beats_from(self.detections(detector, pages), min_score)

    def features(
        self, global_: GlobalNet, local: LocalNet, pages: Sequence[PreparedPage], beats: Sequence[FloatArray]
    ) -> tuple[Tensor, list[Tensor]]:
        """Page features ``[N, D]`` and, for each page, the features ``[n, D]`` of its beats; on the processor.

        Args:
            global_: the page network.
            local: the beat network.
            pages: N pages.
            beats: boxes of each, ``[n, 4]`` in panel pixels.
        """
        if self.folder is None or not self.has_frozen_trunks:
            return global_features(global_, pages), beat_features(local, pages, beats)
        return self._cached_features(global_, local, pages, beats, "still")

    def augmented_features(
        self, global_: GlobalNet, local: LocalNet, pages: Sequence[PreparedPage], beats: Sequence[FloatArray]
    ) -> tuple[Tensor, list[Tensor]]:
        """As ``features``, of a varied page and moved boxes, for training: the same for a page in every fold.

        Args:
            global_: the page network.
            local: the beat network.
            pages: N pages.
            beats: boxes of each, ``[n, 4]`` in panel pixels.
        """
        varied, moved = [], []
        for page, boxes in zip(pages, beats, strict=True):
            rng = np.random.default_rng(int(page.picture_hash[:16] or "0", 16))
            varied.append(replace(page, ink=augment_page(page.ink, rng)))
            moved.append(jitter_boxes(boxes, BOX_JITTER, rng))
        return self._cached_features(global_, local, varied, moved, "varied")

    def _cached_features(
        self, global_: GlobalNet, local: LocalNet, pages: Sequence[PreparedPage], beats: Sequence[FloatArray], kind: str
    ) -> tuple[Tensor, list[Tensor]]:
        assert self.folder is not None
        place = self.folder / f"features-{_fingerprint(global_)}-{_fingerprint(local)}"

        def compute(page: PreparedPage, boxes: FloatArray) -> dict[str, Tensor]:
            # One page at a time, so that a page's features do not depend on those beside it.
            (of_beats,) = beat_features(local, [page], [boxes])
            return {"page": global_features(global_, [page])[0], "beats": of_beats}

        kept = [
            _cached(
                place / f"{_name(page)}-{kind}-{_digest(boxes.tobytes())}",
                partial(compute, page, boxes),
            )
            for page, boxes in zip(self._one_by_one(pages), beats, strict=True)
        ]
        return torch.stack([outputs["page"] for outputs in kept]), [outputs["beats"] for outputs in kept]

    def _one_by_one(self, pages: Sequence[PreparedPage]) -> Iterator[PreparedPage]:
        for step, page in enumerate(pages, 1):
            yield page
            self.progress(ProgressEvent(stage=INFERENCE, step=step, steps=len(pages)))


def beats_from(found: Sequence[Detections], min_score: float) -> list[FloatArray]:
    """Of what was found on each page, the boxes ``[n, 4]`` from a score on.

    Args:
        found: as ``InferenceCache.detections`` gives it.
        min_score: the operating score.
    """
    return [boxes[scores >= min_score] for boxes, scores in found]


NO_CACHE = InferenceCache()
"""Keeps nothing: every network is trained, or its pages are seen once."""


def _cached(stem: Path, compute: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """What was computed before, by the same code; else compute and cache it."""
    path = stem.with_name(f"{stem.name}-{inference_code_version()}.safetensors")
    if path.exists():
        try:
            return load_file(path)
        except (OSError, SafetensorError):
            path.unlink(missing_ok=True)  # as after a power cut; inference makes it anew
    outputs = {name: tensor.contiguous() for name, tensor in compute().items()}
    write_bytes_atomic(path, save(outputs))
    return outputs


@functools.cache
def inference_code_version() -> str:
    """A fingerprint of the code through which networks see a page; how it was prepared, its ink tells."""
    return code_version(InferenceCache, detect_beats, cut_beats, page_canvas, beat_features, augment_page)


def _fingerprint(net: BeatDetector | GlobalNet | LocalNet) -> str:
    """Of a network's shape and weights, but for its last layer, which calibration changes."""
    digest = hashlib.sha256(json.dumps(asdict(net.config), sort_keys=True).encode())
    for name, value in sorted(net.state_dict().items()):
        if not name.startswith("fc."):
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def _name(page: PreparedPage) -> str:
    """Of a page as it was prepared: a person's corners, say, make another of the same picture."""
    height, width = page.ink.shape
    return f"{page.picture_hash[:16]}-{width}x{height}-{_digest(page.ink.tobytes())}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
