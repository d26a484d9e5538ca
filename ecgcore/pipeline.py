"""The whole way of one picture: panel -> beats -> features -> prediction, and the evidence behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from ecgcore.bundle import Bundle, Operating
from ecgcore.detector import detect_beats
from ecgcore.device import mixed_precision
from ecgcore.errors import NotScreenable, UnreadablePicture
from ecgcore.explain import HeatArray, Toward, beat_shares, crop_heat, heat_to_photo, page_heat
from ecgcore.global_model import GlobalNet, page_canvas
from ecgcore.handwriting import find_handwriting
from ecgcore.local_model import LocalNet, cut_beats
from ecgcore.page import prepare_page
from ecgcore.page_corners import prepare_with_corners
from ecgcore.page_io_isolated import read_untrusted
from ecgcore.page_quality import POOR_MARGIN_LOGIT, check_beats
from ecgcore.paper import paper_of
from ecgcore.rhythm import beat_rows, measure_rhythm
from ecgcore.rhythm_measures import on_paper
from ecgcore.rhythm_peaks import r_peaks
from ecgcore.types import Beat, Box, ByteArray, Decision, FloatArray, PageImage, Paper, Prediction

CROPS_AT_ONCE = 128
NO_BEAT = "No complete heartbeat was found on the page. A clinician should read it."


@dataclass(frozen=True)
class Verdict:
    """What the three classifying networks say of one page with ``n >= 1`` beats; logits are log-odds of abnormal."""

    logit_fused: float
    logit_global: float
    logits_local: FloatArray
    shares: FloatArray


@dataclass(frozen=True)
class Evidence:
    """What the Screen page shows to explain one prediction.

    Args:
        heat_photo: Grad-CAM of the global network in the upright photo, ``float32 [H, W]``, 0..1, 0 off the panel.
        beats: the beats that weighed most, heaviest first: indices into ``Prediction.beats``.
        crops: what the local network saw of them, ``float32 [k, H, W]``, 0 = paper, 1 = full pen.
        crop_heats: Grad-CAM of the local network on these crops, ``float32 [k, H, W]``, 0..1.
    """

    heat_photo: HeatArray
    beats: tuple[int, ...]
    crops: HeatArray
    crop_heats: HeatArray


def screen(
    photo_rgb: ByteArray,
    bundle: Bundle,
    *,
    file: str,
    page: int = 1,
    min_score: float | None = None,
    paper: Paper | None = None,
    corners_photo_xy: FloatArray | None = None,
) -> Prediction:
    """Screen one decoded page.

    Args:
        photo_rgb: the upright picture, ``uint8 [H, W, 3]``.
        bundle: the networks and thresholds.
        file: the name that the prediction bears.
        page: its page number, from 1.
        min_score: takes the place of the bundle's own threshold on beats.
        paper: its speed and gain, in which rate and rhythm are measured; the networks know nothing of them. By default
            25 mm/s and what a calibration pulse on the grid shows, else 10 mm/mV.
        corners_photo_xy: the panel's corners ``[4, 2]``, clockwise from top left, where a person set them.

    Returns:
        A prediction with status ok, or rejected where the picture holds no ECG that can be screened. ``seconds``
        count neither decoding nor the loading of models nor explanations.
    """
    start = perf_counter()
    blank = Prediction(file=file, page=page, status="ok", bundle=bundle.version)
    try:
        sheet = _prepared(photo_rgb, corners_photo_xy)
    except NotScreenable as error:
        return replace(blank, status="rejected", reason=str(error), seconds=_seconds(start, perf_counter()))
    sheet, written_panel = find_handwriting(sheet)
    prepared = perf_counter()

    own = bundle.operating.min_score
    threshold = own if min_score is None else min_score
    # whether it is an ECG is judged at the bundle's own threshold, however few beats are asked for
    boxes_panel, boxes_photo, scores = _find_beats(sheet, bundle, min(own, threshold))
    if corners_photo_xy is None:  # else a person has said what it is
        try:
            check_beats(sheet, scores, own)
        except NotScreenable as error:
            seconds = _seconds(start, prepared, perf_counter())
            return replace(blank, status="rejected", reason=str(error), seconds=seconds)
    shown = scores >= threshold
    boxes_panel, boxes_photo, scores = boxes_panel[shown], boxes_photo[shown], scores[shown]
    peaks_panel = r_peaks(sheet.ink, boxes_panel)
    rhythm = None if sheet.px_per_mm is None else measure_rhythm(sheet.ink, boxes_panel, peaks_panel)
    detected = perf_counter()
    found = replace(
        blank,
        panel_photo_xy=tuple((round(float(x), 2), round(float(y), 2)) for x, y in sheet.frame.corners_photo_xy),
        px_per_mm=_rounded(sheet.px_per_mm, 3),
        px_per_mm_source=sheet.px_per_mm_source,
        rhythm=rhythm,
        frame=sheet.frame,
        corners_set_photo_xy=None
        if corners_photo_xy is None
        else tuple((float(x), float(y)) for x, y in corners_photo_xy),
        notes=sheet.notes,
        faults=sheet.faults,
        handwriting_photo_xyxy=_boxes(sheet.frame.boxes_to_photo(written_panel)),
    )
    found = on_paper(found, paper or paper_of(sheet.ink, has_grid=sheet.px_per_mm_source == "grid"))
    if not len(scores):
        seconds = _seconds(start, prepared, detected)
        return replace(found, decision="refer", reason=NO_BEAT, seconds=seconds)

    verdict = classify(sheet.ink, boxes_panel, bundle)
    logit_page = verdict.logit_fused / bundle.operating.temperature
    beats = tuple(
        Beat(box, round(score, 4), round(_sigmoid(logit), 4), round(share, 6), (x, y))
        for box, score, logit, share, (x, y) in zip(
            _boxes(boxes_photo),
            scores.tolist(),
            verdict.logits_local.tolist(),
            verdict.shares.tolist(),
            np.round(sheet.frame.points_to_photo(peaks_panel), 2).tolist(),
            strict=True,
        )
    )
    return replace(
        found,
        p_abnormal=round(_sigmoid(logit_page), 6),
        decision=_decide(logit_page, bundle.operating, is_poor=bool(sheet.faults)),
        beats=beats,
        p_global=round(_sigmoid(verdict.logit_global), 6),
        p_local=round(_sigmoid(verdict.logits_local.mean()), 6),
        seconds=_seconds(start, prepared, detected, perf_counter()),
    )


def screen_pages(
    source: Path | bytes, bundle: Bundle, *, file: str, min_score: float | None = None, paper: Paper | None = None
) -> Iterator[tuple[Prediction, ByteArray | None]]:
    """Screen every page of a file as it comes; with each prediction the upright page, None where it is no picture.

    Args:
        source: the file's path or its bytes.
        bundle, file, min_score, paper: as in ``screen``.
    """
    try:
        photos = read_untrusted(source, file)
    except UnreadablePicture as error:
        yield Prediction(file=file, page=1, status="error", reason=str(error), bundle=bundle.version), None
        return
    for number, photo_rgb in enumerate(photos, start=1):
        yield screen(photo_rgb, bundle, file=file, page=number, min_score=min_score, paper=paper), photo_rgb


def screen_file(path: Path, bundle: Bundle, *, min_score: float | None = None) -> list[Prediction]:
    """Screen every page of a picture or PDF; never raises for what the file holds."""
    return [prediction for prediction, _ in screen_pages(path, bundle, file=str(path), min_score=min_score)]


@torch.inference_mode()
def classify(ink: ByteArray, boxes_panel_xyxy: FloatArray, bundle: Bundle) -> Verdict:
    """Judge one panel from the whole and from its beats.

    Args:
        ink: standard panel raster, ``uint8 [h, w]``.
        boxes_panel_xyxy: its beats, ``[n, 4]``, ``n >= 1``.
        bundle: the networks.
    """
    nets = bundle.nets
    f_global, logit_global = _features(nets.global_, page_canvas(ink, nets.global_.config)[None], bundle.device)
    crops = cut_beats(ink, boxes_panel_xyxy, nets.local.config)
    chunks = [_features(nets.local, chunk, bundle.device) for chunk in torch.split(crops, CROPS_AT_ONCE)]
    f_beats = torch.cat([features for features, _ in chunks])
    logits_local = torch.cat([logits for _, logits in chunks])
    n_beats = torch.tensor([len(f_beats)], device=bundle.device)
    logit_fused = nets.fusion(f_global, f_beats.sum(dim=0, keepdim=True), n_beats)
    shares = beat_shares(nets.fusion, f_global[0], f_beats)
    return Verdict(float(logit_fused), float(logit_global), _numpy(logits_local), _numpy(shares))


def evidence(
    photo_rgb: ByteArray, bundle: Bundle, prediction: Prediction, *, top: int = 5, toward: Toward = "abnormal"
) -> Evidence:
    """Compute the maps that explain a prediction; costs about as much as the screening itself, so ask when needed.

    Args:
        photo_rgb: the picture that was screened.
        bundle: the bundle that screened it.
        prediction: what it said; status ok.
        top: most beats to explain.
        toward: the answer that the heat speaks for.

    Raises:
        NotScreenable: the picture is not one that could be screened.
    """
    corners = prediction.corners_set_photo_xy
    sheet = _prepared(photo_rgb, None if corners is None else np.array(corners))
    height, width = photo_rgb.shape[:2]
    heat = heat_to_photo(page_heat(bundle.nets.global_, sheet.ink, toward), sheet.frame, (width, height))
    heaviest = sorted(range(len(prediction.beats)), key=lambda i: -abs(prediction.beats[i].share or 0.0))[:top]
    boxes_photo = [prediction.beats[i].box_photo_xyxy.as_list() for i in heaviest]
    crops = cut_beats(sheet.ink, sheet.frame.boxes_to_panel(boxes_photo), bundle.nets.local.config)
    crop_heats = np.zeros((0, *crops.shape[2:]), dtype=np.float32)
    if heaviest:
        crop_heats = crop_heat(bundle.nets.local, crops.to(bundle.device), toward)
    return Evidence(heat, tuple(heaviest), crops[:, 0].numpy(), crop_heats)


def _prepared(photo_rgb: ByteArray, corners_photo_xy: FloatArray | None) -> PageImage:
    return prepare_page(photo_rgb) if corners_photo_xy is None else prepare_with_corners(photo_rgb, corners_photo_xy)


def _find_beats(sheet: PageImage, bundle: Bundle, min_score: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Beats in reading order: boxes in the panel, boxes in the photo (inside it), scores."""
    boxes_panel, scores = detect_beats(bundle.nets.detector, sheet.ink, min_score)
    height, width = sheet.photo_rgb.shape[:2]
    boxes_photo = np.clip(sheet.frame.boxes_to_photo(boxes_panel), 0, [width, height, width, height])
    inside = (boxes_photo[:, 2:] - boxes_photo[:, :2] >= 1).all(axis=1)
    boxes_panel, boxes_photo, scores = boxes_panel[inside], boxes_photo[inside], scores[inside]
    order = np.concatenate([*beat_rows(sheet.ink, boxes_panel), np.array([], dtype=np.intp)])
    return boxes_panel[order], boxes_photo[order], scores[order]


def _decide(logit: float, operating: Operating, *, is_poor: bool) -> Decision:
    """The answer; a poor page's must be the same ``POOR_MARGIN_LOGIT`` to both sides, else it is "refer"."""
    margin = POOR_MARGIN_LOGIT if is_poor else 0.0
    low, high = (operating.decide(round(_sigmoid(logit + shift), 6)) for shift in (-margin, margin))
    return low if low == high else "refer"


def _features(net: GlobalNet | LocalNet, pictures: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """Features ``[n, D]`` and logits ``[n]``: the convolutions in mixed precision, the rest in float32."""
    with mixed_precision(device):
        maps = net.feature_maps(pictures.to(device, memory_format=torch.channels_last))
    maps = maps.float()
    return net.pool(maps), net.classify(maps)


def _seconds(*marks: float) -> dict[str, float | None]:
    """Durations between the marks as far as the page came, and their total."""
    parts = dict.fromkeys(("page", "detect", "classify"))
    spent = {part: round(b - a, 4) for part, a, b in zip(parts, marks, marks[1:], strict=False)}
    return {**parts, **spent, "total": round(marks[-1] - marks[0], 4)}


def _boxes(boxes_photo_xyxy: FloatArray) -> tuple[Box, ...]:
    return tuple(Box(*box) for box in np.round(boxes_photo_xyxy, 2).tolist())


def _sigmoid(logit: float) -> float:
    return float(torch.tensor(logit, dtype=torch.float64).sigmoid())


def _numpy(values: Tensor) -> FloatArray:
    result: FloatArray = values.cpu().double().numpy()
    return result


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
