"""The whole way of one picture: page -> beats and signal -> networks -> decision."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ecgcore.bundle.folder import Bundle
from ecgcore.errors import NotScreenableError, UnreadablePictureError
from ecgcore.geometry.arrays import ByteArray, FloatArray
from ecgcore.measure.page import measure, measured
from ecgcore.measurements import Measurements
from ecgcore.memory import give_back
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.decode.file_pages import PageChoice
from ecgcore.page.decode.isolated import read_untrusted_pages
from ecgcore.page.prepare import prepare, prepare_drawn, prepare_page
from ecgcore.page.quality.gate import check_beats
from ecgcore.panel_ink import PanelInk
from ecgcore.paper import PaperSettings
from ecgcore.read_page import PageContent, read_drawn_page, read_page
from ecgcore.recordings.recording import Recording
from ecgcore.rhythm.beat_rows import measure_rhythm
from ecgcore.rhythm.measures import on_paper
from ecgcore.screening.answer import rounded, with_answer
from ecgcore.screening.classification import classify
from ecgcore.screening.found_beats import PageBeats, find_beats
from ecgcore.screening.half_pages import join_halves
from ecgcore.screening.page_times import PageTimes
from ecgcore.screening.printed_rate import is_unusual, with_printed_rate
from ecgcore.screening.several_pages import check_one_page, split_pages
from ecgcore.threads import in_order
from ecgcore.types import Beat, Box, LeadStretch, PageImage, Prediction
from ecgcore.waveform.page_signal import PageSignal
from ecgcore.waveform.recorded_signal import shown_signal, whole_signal

ScreenedPicture = tuple[Prediction, ByteArray | None]
"""What is said of a page, and the upright page, ``uint8 [H, W, 3]``; None where it is no picture."""
NO_BEAT = "No complete heartbeat was found on the page. A clinician should read it."


def screen(
    photo_rgb: ByteArray,
    bundle: Bundle,
    *,
    file: str,
    page: int = 1,
    min_score: float | None = None,
    paper: PaperSettings | None = None,
    corners_photo_xy: FloatArray | None = None,
    recording: Recording | None = None,
) -> Prediction:
    """Screen one decoded page.

    Args:
        photo_rgb: the upright picture, ``uint8 [H, W, 3]``.
        bundle: the networks and thresholds.
        file: the name that the prediction bears.
        page: its page number, from 1.
        min_score: takes the place of the bundle's own threshold on beats.
        paper: its speed and gain, where a person sets them; the page is judged as if it had run at 25 mm/s. By default
            the printed speed, else 25 mm/s, and the gain of a calibration pulse, else as printed, else 10 mm/mV.
        corners_photo_xy: the panel's corners ``[4, 2]``, clockwise from top left, where a person set them.
        recording: the digital ECG that the picture was drawn from: its samples are measured and told to the waveform
            network, and its leads are counted. Its page is drawn at 25 mm/s and 10 mm/mV, and ``paper`` is not used.

    Returns:
        A prediction with status ok, or rejected where the picture holds no ECG that can be screened. ``seconds``
        count neither decoding nor the loading of models nor explanations.
    """
    times = PageTimes()
    blank = Prediction(file=file, page=page, status="ok", bundle=bundle.version, recording=recording)
    try:
        found = _screened(photo_rgb, bundle, blank, times, min_score, paper, corners_photo_xy)
    except NotScreenableError as error:
        found = replace(blank, status="rejected", reason=str(error))
    times.lap()
    give_back()
    return replace(found, seconds=times.seconds())


def _screened(
    photo_rgb: ByteArray,
    bundle: Bundle,
    blank: Prediction,
    times: PageTimes,
    min_score: float | None,
    paper: PaperSettings | None,
    corners_photo_xy: FloatArray | None,
) -> Prediction:
    """The prediction without its seconds; NotScreenableError where the picture holds no ECG that can be screened."""
    content = _read(photo_rgb, corners_photo_xy, paper, blank.recording)
    page = content.page
    is_told = corners_photo_xy is not None or blank.recording is not None  # a person or a file says what it is
    if not is_told:
        check_one_page(content.printed.names)
    times.lap()

    own = bundle.operating_point.min_score
    threshold = own if min_score is None else min_score
    # whether it is an ECG is judged at the bundle's own threshold, however few beats are asked for
    least = min(own, threshold)
    beats = find_beats(
        page, content.rows.with_print, content.written_panel_xyxy, bundle.nets.detector, least, bundle.trunks.detector
    )
    if not is_told:
        is_named, has_speed = content.printed.layout is not None, content.printed.settings.speed_mm_s is not None
        check_beats(page, beats.scores, own, is_named=is_named, has_speed=has_speed)
    shown = beats.where(beats.scores >= threshold)
    leads_found = content.leads_found if blank.recording is None else len(blank.recording.leads)
    blank = replace(blank, corners_set_photo_xy=_points(corners_photo_xy), leads_found=leads_found)
    signal, measurements = _signal(blank.recording, content)
    found = measured(_measured(blank, content, shown), measurements)
    if blank.recording is None and is_unusual(found.heart_rate_bpm):
        content = content.with_header()
    found = with_printed_rate(
        replace(found, printed=content.printed.settings, leads=_leads(signal, content), layout=signal.layout)
    )
    if not len(shown.scores):
        return replace(found, decision="refer", reason=NO_BEAT)
    times.lap()
    return _classified(found, page, shown, signal, found.measurements, bundle)


def _read(
    photo_rgb: ByteArray, corners_photo_xy: FloatArray | None, paper: PaperSettings | None, recording: Recording | None
) -> PageContent:
    """The page in the picture and what is on it; NotScreenableError where there is none."""
    if recording is not None and corners_photo_xy is None:
        return read_drawn_page(prepare_drawn(photo_rgb))
    return read_page(prepare(photo_rgb, corners_photo_xy), paper)


def _signal(recording: Recording | None, content: PageContent) -> tuple[PageSignal, Measurements]:
    """The leads as the page shows them, and what was measured: on these, or on all of a recording."""
    if recording is not None:
        return shown_signal(recording, content.page.frame), measure(whole_signal(recording))
    signal = content.signal()
    return signal, measure(signal)


def _measured(blank: Prediction, content: PageContent, beats: PageBeats) -> Prediction:
    """The prediction with all that is known of its page before the networks judge it."""
    page = content.page
    rhythm = None
    if page.px_per_mm is not None:
        is_one_strip = blank.leads_found == 1
        rhythm = measure_rhythm(page.ink, beats.boxes_panel, beats.peaks_panel, is_one_strip=is_one_strip)
    found = replace(
        blank,
        panel_photo_xy=tuple((round(float(x), 2), round(float(y), 2)) for x, y in page.frame.corners_photo_xy),
        px_per_mm=rounded(page.px_per_mm, 3),
        scale_source=page.scale_source,
        rhythm=None if rhythm is None else rhythm.at_speed(content.paper.speed_mm_s),
        frame=page.frame,
        ink=PanelInk.of(page.ink),
        notes=(*(() if blank.recording is None else blank.recording.notes), *page.notes),
        faults=page.faults,
        strategy=page.strategy,
        handwriting_photo_xyxy=_boxes(page.frame.boxes_to_photo(content.written_panel_xyxy)),
    )
    return on_paper(found, content.paper)


def _leads(signal: PageSignal, content: PageContent) -> tuple[LeadStretch, ...]:
    """Where each lead stands in the photo."""
    printed = {name.lead for name in content.printed.names}
    lines = np.array([box for _, box in signal.stretches]).reshape(-1, 4)
    around_pen = lines + np.array([-0.5, -0.5, 0.5, 0.5])  # a flat lead has no height of its own
    boxes = _boxes(content.page.frame.boxes_to_photo(around_pen))
    return tuple(
        LeadStretch(lead, box, lead in printed) for (lead, _), box in zip(signal.stretches, boxes, strict=True)
    )


def _classified(
    found: Prediction,
    page: PageImage,
    beats: PageBeats,
    signal: PageSignal,
    measurements: Measurements | None,
    bundle: Bundle,
) -> Prediction:
    """The prediction with what the classifying networks say of the page, its beats, its signal and measurements."""
    said = classify(page.ink, beats.boxes_panel, bundle.nets, bundle.trunks, signal, measurements)
    shown = tuple(
        Beat(box, round(score, 4), r_peak_photo_xy=(x, y))
        for box, score, (x, y) in zip(
            _boxes(beats.boxes_photo),
            beats.scores.tolist(),
            np.round(page.frame.points_to_photo(beats.peaks_panel), 2).tolist(),
            strict=True,
        )
    )
    found = replace(found, beats=shown)
    return with_answer(found, said, bundle.operating_point, faults=found.faults, leads_found=found.leads_found)


def screen_pages(
    source: Path | bytes,
    bundle: Bundle,
    *,
    file: str,
    min_score: float | None = None,
    paper: PaperSettings | None = None,
    choice: PageChoice | None = None,
) -> Iterator[ScreenedPicture]:
    """Screen the pages of a file as they come; with each prediction the upright page, None where it is no picture.

    A picture that shows several pages gives a prediction for each, with what was cut out of it.

    Args:
        source: the file's path or its bytes.
        bundle: the networks and thresholds.
        file: the name that the predictions bear.
        min_score: as in ``screen``.
        paper: as in ``screen``.
        choice: which pages; None for all, of which there may be ``MAX_PAGES``.
    """
    return screen_files([(source, file)], bundle, min_score=min_score, paper=paper, choice=choice)


def screen_files(
    sources: Iterable[tuple[Path | bytes, str]],
    bundle: Bundle,
    *,
    min_score: float | None = None,
    paper: PaperSettings | None = None,
    choice: PageChoice | None = None,
    at_once: int = 1,
) -> Iterator[ScreenedPicture]:
    """Screen files one after the other, as ``screen_pages`` does each; the results come in their order.

    Args:
        sources: paths or bytes, and the names that the predictions bear.
        bundle: the networks and thresholds.
        min_score: as in ``screen``.
        paper: as in ``screen``.
        choice: as in ``screen_pages``.
        at_once: pages, of one file or of several, that are screened at the same time, each in a thread.
    """

    def screened(numbered: tuple[int, ScreenedPicture | DecodedPage, str]) -> tuple[int, ScreenedPicture]:
        number, page, file = numbered
        if not isinstance(page, DecodedPage):
            return number, page
        prediction = screen(
            page.photo_rgb,
            bundle,
            file=file,
            page=page.number,
            min_score=min_score,
            paper=paper,
            recording=page.recording,
        )
        return number, (prediction.of_part(page.part), page.photo_rgb)

    pages = _pages_of_files(sources, bundle, choice)
    for _, of_file in groupby(in_order(screened, pages, at_once), key=lambda page: page[0]):
        answers = (answer for _, answer in of_file)
        yield from join_halves(answers, bundle, lambda page: page[0], lambda page, prediction: (prediction, page[1]))


def _pages_of_files(
    sources: Iterable[tuple[Path | bytes, str]], bundle: Bundle, choice: PageChoice | None
) -> Iterator[tuple[int, ScreenedPicture | DecodedPage, str]]:
    """Each file's number, its pages, or what is said of it where it cannot be read, and its name."""
    for number, (source, file) in enumerate(sources):
        try:
            decoded = read_untrusted_pages(source, file, choice)
        except UnreadablePictureError as error:
            unread = Prediction(file=file, page=1, status="error", reason=str(error), bundle=bundle.version)
            yield number, (unread, None), file
            continue
        for picture in decoded:
            for page in split_pages(picture, prepare_page):
                yield number, page, file


def _points(points_photo_xy: FloatArray | None) -> tuple[tuple[float, float], ...] | None:
    return None if points_photo_xy is None else tuple((float(x), float(y)) for x, y in points_photo_xy)


def _boxes(boxes_photo_xyxy: FloatArray) -> tuple[Box, ...]:
    return tuple(Box(*box) for box in np.round(boxes_photo_xyxy, 2).tolist())
