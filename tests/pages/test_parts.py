"""The pages' own small functions: files that leave the app, order of a batch, classes of shares."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from ecgcore.geometry.displacement import DisplacementField
from ecgcore.output.previews import jpeg
from ecgcore.overlay import DARK_BLUE, DARK_ORANGE, DARK_VERMILION, GREY, decision_line, draw_overlay
from ecgcore.rhythm.measures import on_paper, rhythm_measures, whole_bpm
from ecgcore.types import Beat, Box, FloatArray, PanelFrame, PaperSettings, Prediction, Rhythm
from pages.parts.common import style
from pages.parts.common.figure_words import interval_text
from pages.parts.common.score_tables import score_tables
from pages.parts.screen.batch import results_csv, results_jsonl, urgency
from pages.parts.screen.result.beat_panel import heaviest
from pages.parts.screen.result.decision_banner import decision_text, probability_scale
from pages.parts.screen.result.lead_lines import LeadLines
from pages.parts.screen.result.measurements import rhythm_text
from pages.parts.screen.result.page_figure import describe_beat, layer_css, page_figure, share_classes
from pages.parts.screen.result.picture_source import measured_on
from pages.parts.screen.screened import DisplayedPage, ScreenedPage


def beat(share: float | None, left: float = 0.0) -> Beat:
    return Beat(Box(left, 10, left + 20, 40), 0.9, 0.5, share)


def item(file: str, decision: str | None, p_abnormal: float | None, status: str = "ok") -> ScreenedPage:
    prediction = Prediction(file, 1, status, decision=decision, p_abnormal=p_abnormal, beats=(beat(0.5),))  # type: ignore[arg-type]
    return ScreenedPage(file, prediction, None, synthetic=False, bundle=None)  # type: ignore[arg-type]  # nothing asks it


BATCH = [
    item("low", "normal", 0.05),
    item("bad", None, None, "rejected"),
    item("doubtful", "refer", 0.13),
    item("high", "abnormal", 0.93),
    item("unsure", "refer", 0.75),
    item("no beat", "refer", None),
    item("less high", "abnormal", 0.7),
]
IN_ORDER = ["high", "unsure", "less high", "doubtful", "bad", "no beat", "low"]


def test_the_most_probably_abnormal_comes_first_and_normal_after_all_that_needs_a_reader() -> None:
    assert [i.title for i in sorted(BATCH, key=urgency)] == IN_ORDER


def test_csv_and_json_lines_hold_every_page_once() -> None:
    rows = list(csv.DictReader(io.StringIO(results_csv(BATCH))))
    lines = [json.loads(line) for line in results_jsonl(BATCH).splitlines()]
    assert [row["file"] for row in rows] == [line["file"] for line in lines] == IN_ORDER
    assert rows[0]["p_abnormal"] == "0.93"
    assert rows[0]["beats"] == "1"
    assert rows[4]["decision"] == ""


def test_csv_says_what_is_wrong_with_a_picture() -> None:
    faulty = replace(BATCH[3], prediction=replace(BATCH[3].prediction, faults=("It is dark.", "It is blurred.")))
    rows = list(csv.DictReader(io.StringIO(results_csv([faulty, BATCH[0]]))))
    assert [row["faults"] for row in rows] == ["It is dark. It is blurred.", ""]


def test_csv_holds_what_was_measured_on_the_paper() -> None:
    rhythm = Rhythm((0, 1, 2, 3), ((20.0, 22.0, 20.0),))
    prediction = replace(BATCH[3].prediction, px_per_mm=8.0, scale_source="grid", rhythm=rhythm)
    measured = replace(BATCH[3], prediction=on_paper(prediction, PaperSettings(50.0, 5.0)))
    (row,) = csv.DictReader(io.StringIO(results_csv([measured])))
    assert (row["rhythm"], row["paper_speed_mm_s"], row["gain_mm_mv"]) == ("regular", "50.0", "5.0")
    assert (row["lowest_bpm"], row["highest_bpm"], row["rmssd_ms"]) == ("136.4", "150.0", "40")


def test_share_class_follows_sign_and_relative_size() -> None:
    beats = tuple(beat(share) for share in (2.0, 0.5, 0.05, None, -0.5, -1.9))
    assert share_classes(beats) == [0, 1, 2, 2, 3, 4]


def test_share_classes_without_any_share() -> None:
    assert share_classes((beat(None), beat(0.0))) == [2, 2]
    assert share_classes(()) == []


NO_LINES = LeadLines([], [], {})


def test_figure_draws_many_beats_in_few_traces_on_the_photo() -> None:
    beats = tuple(beat((-1.0) ** n * n, left=10.0 * n) for n in range(60))
    corners = ((0.0, 0.0), (900.0, 0.0), (900.0, 400.0), (0.0, 400.0))
    prediction = Prediction("a", 1, "ok", decision="normal", p_abnormal=0.1, beats=beats, panel_photo_xy=corners)
    figure = page_figure(b"page", (900, 500), prediction, NO_LINES)
    assert len(figure.data) <= 9
    assert list(figure.layout.xaxis.range) == [0, 900]
    assert list(figure.layout.yaxis.range) == [500, 0]
    page, heat = figure.layout.images
    assert (page.sizex, page.sizey) == (900, 500)
    assert heat.sizex != page.sizex, "plotly drops an image of the same place and size as another"
    rings = figure.data[-1]
    assert list(rings.customdata) == list(range(60))
    assert (rings.x[3], rings.y[3]) == (40, 25)


def test_figure_boxes_handwriting_and_names_it_once() -> None:
    patches = (Box(10, 20, 60, 40), Box(200, 20, 400, 60))
    prediction = Prediction("a", 1, "ok", decision="refer", beats=(beat(0.5),), handwriting_photo_xyxy=patches)
    figure = page_figure(b"page", (900, 500), prediction, NO_LINES)
    boxes, name = (trace for trace in figure.data if "handwriting" in (trace.name, *(trace.text or ())))
    assert list(boxes.x) == [10, 60, 60, 10, 10, None, 200, 400, 400, 200, 200, None]
    assert (list(name.x), list(name.y)) == ([200], [20])
    assert figure.data[-1].name == "beats", "the rings stay the last trace, by which they are styled"


def test_layers_are_switched_by_style() -> None:
    everything = layer_css(".page", beats=True, panel=True, leads=True, caliper=True, heat_opacity=0.5, chosen=None)
    assert "display: none" not in everything
    assert "opacity: 0.50" in everything
    nothing = layer_css(".page", beats=False, panel=False, leads=False, caliper=False, heat_opacity=0.0, chosen=4)
    assert nothing.count("display: none") == 4
    assert ".point:nth-child(5)" in nothing


@pytest.mark.parametrize(("share", "words"), [(0.42, "▲ +0.42"), (-0.13, "● −0.13"), (0.001, "0.00"), (None, None)])
def test_hover_gives_number_score_probability_and_share(share: float | None, words: str | None) -> None:
    text = describe_beat(11, beat(share))
    assert "Beat 12" in text
    assert "detected 90 %" in text
    assert "this beat alone: 50 % abnormal" in text
    assert words is None or words in text


def test_the_heaviest_beats_speak_for_both_answers() -> None:
    """On a page called normal they were all against the verdict, or all for it."""
    shares = (0.1, -0.9, 0.3, 0.0, -0.8, 0.2, -0.7, None, 0.4, -0.6)
    prediction = Prediction("a", 1, "ok", decision="normal", p_abnormal=0.1, beats=tuple(beat(s) for s in shares))
    assert heaviest(prediction) == {"abnormal": [8, 2, 5], "normal": [1, 4, 6]}
    assert heaviest(replace(prediction, beats=(beat(0.2), beat(None)))) == {"abnormal": [0], "normal": []}


def test_a_refer_says_why_before_anything_else() -> None:
    prediction = Prediction(
        "a", 1, "ok", "0.34 lies between 0.11 and 0.77.", decision="refer", p_abnormal=0.34, beats=(beat(0.5),)
    )
    said = decision_text(prediction)
    assert said.startswith("0.34 lies between 0.11 and 0.77. A clinician should read this page.")
    assert "about 34 were abnormal" in said
    no_beat = replace(prediction, p_abnormal=None, reason="No beat was found. A clinician should read it.")
    assert decision_text(no_beat) == "No beat was found. A clinician should read it."


def test_what_is_wrong_with_the_picture_is_not_said_twice() -> None:
    widened = "0.80 lies between 0.05 and 0.88, widened from 0.11 and 0.77 because of the picture"
    prediction = Prediction(
        "a", 1, "ok", f"{widened}: It is dark. It is blurred.", decision="refer", p_abnormal=0.8, beats=(beat(0.5),)
    )
    assert decision_text(replace(prediction, faults=("It is dark.", "It is blurred."))).startswith(f"{widened}. A ")


def test_the_zones_of_the_scale_end_where_the_bounds_are() -> None:
    scale = probability_scale(0.8, 0.05, 0.88)
    assert "left:5.00%;width:83.00%" in scale, "refer from 0.05 to 0.88"
    assert "normal below 0.05" in scale
    assert "abnormal from 0.88" in scale


@pytest.mark.parametrize("rr_mm", [19.4, 19.61, 19.7, 19.74])  # 77.3, 76.49, 76.1 and 75.99 bpm
def test_the_rate_is_the_same_number_everywhere(rr_mm: float) -> None:
    measures = rhythm_measures(Rhythm((0, 1, 2, 3), ((rr_mm, rr_mm, rr_mm),)), PaperSettings(25.0, 10.0))
    assert measures is not None
    assert f"Heart rate {whole_bpm(measures.heart_rate_bpm)} bpm**" in rhythm_text(measures.heart_rate_bpm, measures)


def test_leads_and_beat_boxes_that_disagree_are_told() -> None:
    measures = rhythm_measures(Rhythm((0, 1, 2, 3), ((20.0, 20.0, 20.0),)), PaperSettings(25.0, 10.0))
    assert measures is not None and measures.heart_rate_bpm == 75.0
    assert "Check the boxes" not in rhythm_text(78.0, measures)
    told = rhythm_text(150.0, measures)
    assert "Heart rate 150 bpm**" in told and "75 bpm by the beat boxes" in told and "Check the boxes" in told
    assert "Heart rate 150 bpm**" in rhythm_text(150.0, None)


STRAIGHT = np.array([[2.0, 0, 30], [0, 2.0, 50], [0, 0, 1]])
TURNED = np.array([[2.0, 0.1, 30], [-0.1, 2.0, 50], [0, 0, 1]])
WAVES = DisplacementField((0.0, 0.0), (400.0, 400.0), np.full((4, 4, 2), 3.0))


@pytest.mark.parametrize(
    ("file", "grey", "matrix", "displacement", "words"),
    [
        ("a.jpg", 180, TURNED, None, "a photo, straightened,"),
        ("a.jpg", 180, STRAIGHT, WAVES, "a photo, straightened,"),
        ("a.jpg", 255, STRAIGHT, WAVES, "a scan or export, straightened,"),
        ("a.jpg", 180, STRAIGHT, None, "a scan or export"),
        ("A.PDF", 255, STRAIGHT, None, "a PDF page"),
        ("a.dcm", 255, STRAIGHT, None, "a DICOM file"),
        ("a.heic", 180, STRAIGHT, None, "a photo"),
    ],
)
def test_it_says_what_was_measured_on(
    file: str, grey: int, matrix: FloatArray, displacement: DisplacementField | None, words: str
) -> None:
    """It said "from a photo" under exports, scans and the app's own drawings."""
    thumb = jpeg(np.full((60, 90, 3), grey, np.uint8))
    shown = DisplayedPage((900, 600), thumb, thumb, thumb)
    prediction = Prediction(
        file, 1, "ok", decision="normal", p_abnormal=0.1, frame=PanelFrame(matrix, (400, 250), displacement)
    )
    screened = replace(item(file, "normal", 0.1), prediction=prediction, shown=shown)
    assert measured_on(screened) == f"Measured on {words} assuming 25 mm/s and 10 mm/mV."
    assert "an artificial page" in measured_on(replace(screened, synthetic=True))


def test_the_overlay_bears_its_verdict_in_the_words_of_the_pages() -> None:
    prediction = Prediction("a", 1, "ok", decision="refer", p_abnormal=0.34, beats=(beat(0.5),), bundle="tiny-1")
    assert decision_line(prediction) == "refer, p(abnormal) 0.34, 1 beat, model tiny-1"
    assert draw_overlay(np.full((100, 200, 3), 255, np.uint8), prediction).shape[0] > 100


def test_score_tables_follow_nested_data_sets() -> None:
    figure = {"value": 0.9, "low": 0.8, "high": 1}
    metrics = {"khan": {"gridded": {"fused": {"auroc": figure}, "global": {"auroc": None}}, "note": "text"}}
    [(title, rows)] = score_tables(metrics)
    assert title == "khan · gridded"
    assert rows == [{"Figure": "AUROC", "verdict (fused)": "0.90 (0.80 to 1.00)", "whole-page network": "–"}]


def test_interval_text_without_interval() -> None:
    assert interval_text({"value": 0.5, "low": None, "high": None}) == "0.50"
    assert interval_text({"value": 1.0, "low": 1.0, "high": 1.0}) == "1.00", "too few pages to draw others from"
    assert interval_text({"value": 1.0, "low": 1.0, "high": 1.0}, signed=True) == "+1.000"
    assert interval_text({"value": None, "low": None, "high": None}) == "–"


@pytest.mark.parametrize("letters", [DARK_BLUE, DARK_VERMILION, DARK_ORANGE, GREY, style.DARK_GREEN, style.DARK_ORANGE])
def test_letters_on_the_page_can_be_read(letters: str | tuple[int, int, int]) -> None:
    """WCAG 2.2, 1.4.3, on the lines of a red grid at their paler end; grey is for the white strip alone."""
    ink = letters if isinstance(letters, tuple) else tuple(map(int, re.findall(r"\d+", letters)))
    paper = (255, 255, 255) if letters == GREY else (255, 225, 225)
    light, dark = (
        sum(
            part * (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)
            for part, v in zip((0.2126, 0.7152, 0.0722), (c / 255 for c in colour), strict=True)
        )
        for colour in (paper, ink)
    )
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_no_cell_of_the_csv_is_a_formula() -> None:
    named = replace(BATCH[0], prediction=replace(BATCH[0].prediction, file="=HYPERLINK(0)", reason="-1+1"))
    (row,) = csv.DictReader(io.StringIO(results_csv([named])))
    assert (row["file"], row["reason"]) == ("'=HYPERLINK(0)", "'-1+1")
    assert float(row["p_abnormal"] or 0) == (named.prediction.p_abnormal or 0)
