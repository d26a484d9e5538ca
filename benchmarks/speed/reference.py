"""One page at a time, ours beside the plain pipeline that the publication describes, pages interleaved.

    python -m benchmarks.speed.reference --data DIR [--pages N] [--rounds N] [--threads N] [--photos N]

The reference is what a practitioner would write with torchvision from CN110731773A: Faster R-CNN with a VGG16 trunk of
full width on the page at a short side of 800 pixels, ResNet18 at 224 on every beat, DenseNet121 at 224 on the page, two
linear layers on top; float32, everything else as torchvision has it. It is given the picture decoded and need not
straighten it, find its ink, read its print or measure anything, all of which ours does. Its weights are random, which
costs as much as trained ones; it looks at as many beats as ours has found, so that both have as many to judge.

``DIR`` holds ``khan_full`` and ``photos``. Both run in processes of their own, with as many threads, models loaded and
after one page that does not count. The absolute seconds hold for this machine alone.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import densenet121, resnet18, vgg16
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign
from torchvision.transforms.v2.functional import resize, to_dtype, to_image

from ecgcore.bundle.folder import load_bundle, starter_folder
from ecgcore.page.decode.read import read_picture
from ecgcore.pipeline import screen
from ecgcore.types import ByteArray

USUAL_BEATS = 40
"""What the reference judges on the page that warms it up."""


class Reference(nn.Module):
    """The published networks at the sizes that torchvision's documentation gives them."""

    def __init__(self) -> None:
        super().__init__()
        trunk = vgg16().features[:-1]
        trunk.out_channels = 512
        anchors = AnchorGenerator(sizes=((32, 64, 128, 256, 512),), aspect_ratios=((0.5, 1.0, 2.0),))
        roi_pool = MultiScaleRoIAlign(featmap_names=["0"], output_size=7, sampling_ratio=2)
        self.detector = FasterRCNN(
            trunk, num_classes=2, rpn_anchor_generator=anchors, box_roi_pool=roi_pool, min_size=800, max_size=1333
        )
        self.local, self.page = resnet18(), densenet121()
        self.local.fc, self.page.classifier = nn.Linear(512, 1024), nn.Identity()
        self.fusion = nn.Sequential(nn.Linear(2048, 512), nn.ReLU(), nn.Linear(512, 1))

    def forward(self, photo: Tensor, beats: int) -> Tensor:
        """The logit of a picture ``[3, H, W]``, 0..1, with so many beats."""
        self.detector([photo])
        height, width = photo.shape[1:]
        lefts = np.linspace(0, width - height // 8, beats, dtype=int)
        crops = torch.stack([resize(photo[:, : height // 8, x : x + height // 8], [224, 224]) for x in lefts])
        features = torch.cat([self.page(resize(photo, [224, 224])[None]), self.local(crops).sum(0, keepdim=True)], 1)
        logit: Tensor = self.fusion(features)
        return logit


def _reference() -> Callable[[ByteArray, int], int]:
    torch.manual_seed(0)
    model = Reference().eval()

    @torch.inference_mode()
    def judge(photo_rgb: ByteArray, beats: int) -> int:
        float(model(to_dtype(to_image(photo_rgb), torch.float32, scale=True), beats))
        return beats

    return judge


def _ours() -> Callable[[ByteArray, int], int]:
    bundle = load_bundle(starter_folder(), "cpu")
    _ = bundle.trunks
    return lambda photo_rgb, beats: len(screen(photo_rgb, bundle, file="page").beats)


def _worker(which: str, threads: int) -> None:
    """Judge the pictures named on standard input; answer with seconds, beats and the most memory so far."""
    torch.set_num_threads(threads)
    judge = {"ours": _ours, "reference": _reference}[which]()
    for line in sys.stdin:
        path, beats = json.loads(line)
        photo_rgb = read_picture(Path(path), Path(path).name)[0]
        start = perf_counter()
        found = judge(photo_rgb, beats)
        seconds = perf_counter() - start
        print(json.dumps([seconds, found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]), flush=True)


class _Process:
    """One of the two pipelines in a process of its own."""

    def __init__(self, which: str, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.speed.reference", "--worker", which, "--threads", str(threads)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.memory_gib = 0.0

    def judge(self, path: Path, beats: int) -> tuple[float, int]:
        """Seconds and beats of a picture."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([str(path), beats]), file=self._process.stdin, flush=True)
        seconds, found, self.memory_gib = json.loads(self._process.stdout.readline())
        return seconds, found

    def end(self) -> None:
        """No more pictures come."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Time both, page by page, and print medians, 95th percentiles, their ratios, and memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--photos", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", choices=("ours", "reference"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        _worker(options.worker, options.threads)
        return
    if options.data is None:
        parser.error("--data is needed")
    pictures = sorted((options.data / "khan_full").iterdir())[: options.pages]
    pictures += sorted((options.data / "photos").iterdir())[: options.photos]
    ours, reference = (_Process(which, options.threads) for which in ("ours", "reference"))
    for process in (ours, reference):
        process.judge(pictures[0], USUAL_BEATS)
    times: list[tuple[float, float]] = []
    for _ in range(options.rounds):
        for path in pictures:
            own_s, beats = ours.judge(path, USUAL_BEATS)
            times.append((own_s, reference.judge(path, max(1, beats))[0]))
    for process in (ours, reference):
        process.end()
    own, other = (np.array(column) for column in zip(*times, strict=True))
    print(f"{len(pictures)} pictures, {options.rounds} rounds, {options.threads} threads")
    for name, seconds, process in (("ours", own, ours), ("reference", other, reference)):
        print(
            f"{name}: median {np.median(seconds):.2f} s, 95th percentile {np.percentile(seconds, 95):.2f} s,", end=" "
        )
        print(f"at most {process.memory_gib:.2f} GiB")
    print(f"reference / ours: median of pairs {statistics.median(other / own):.1f},", end=" ")
    print(f"of the 95th percentiles {np.percentile(other, 95) / np.percentile(own, 95):.1f}")


if __name__ == "__main__":
    main()
