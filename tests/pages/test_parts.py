"""The pages' own small functions: files that leave the app, order of a batch, classes of shares."""

import csv
import io
import json
from dataclasses import replace

import pytest

from ecgcore.rhythm_measures import on_paper
from ecgcore.types import Beat, Box, Paper, Prediction, Rhythm
from pages.parts.batch import results_csv, results_jsonl, urgency
from pages.parts.figure import describe_beat, layer_css, page_figure, share_classes
from pages.parts.results import Screened
from pages.parts.scores import interval_text, score_tables


def beat(share: float | None, left: float = 0.0) -> Beat:
    return Beat(Box(left, 10, left + 20, 40), 0.9, 0.5, share)


def item(file: str, decision: str | None, p_abnormal: float | None, status: str = "ok") -> Screened:
    prediction = Prediction(file, 1, status, decision=decision, p_abnormal=p_abnormal, beats=(beat(0.5),))  # type: ignore[arg-type]
    return Screened(file, prediction, None, synthetic=False, bundle=None)  # type: ignore[arg-type]  # nothing asks it


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
    prediction = replace(BATCH[3].prediction, px_per_mm=8.0, px_per_mm_source="grid", rhythm=rhythm)
    measured = replace(BATCH[3], prediction=on_paper(prediction, Paper(50.0, 5.0)))
    (row,) = csv.DictReader(io.StringIO(results_csv([measured])))
    assert (row["rhythm"], row["paper_speed_mm_s"], row["gain_mm_mv"]) == ("regular", "50.0", "5.0")
    assert (row["lowest_bpm"], row["highest_bpm"], row["rmssd_ms"]) == ("136.4", "150.0", "40")


def test_share_class_follows_sign_and_relative_size() -> None:
    beats = tuple(beat(share) for share in (2.0, 0.5, 0.05, None, -0.5, -1.9))
    assert share_classes(beats) == [0, 1, 2, 2, 3, 4]


def test_share_classes_without_any_share() -> None:
    assert share_classes((beat(None), beat(0.0))) == [2, 2]
    assert share_classes(()) == []


def test_figure_draws_many_beats_in_few_traces_on_the_photo() -> None:
    beats = tuple(beat((-1.0) ** n * n, left=10.0 * n) for n in range(60))
    corners = ((0.0, 0.0), (900.0, 0.0), (900.0, 400.0), (0.0, 400.0))
    prediction = Prediction("a", 1, "ok", decision="normal", p_abnormal=0.1, beats=beats, panel_photo_xy=corners)
    figure = page_figure(b"page", (900, 500), prediction, b"heat")
    assert len(figure.data) <= 7
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
    figure = page_figure(b"page", (900, 500), prediction, None)
    boxes, name = (trace for trace in figure.data if "handwriting" in (trace.name, *(trace.text or ())))
    assert list(boxes.x) == [10, 60, 60, 10, 10, None, 200, 400, 400, 200, 200, None]
    assert (list(name.x), list(name.y)) == ([200], [20])
    assert figure.data[-1].name == "beats", "the rings stay the last trace, by which they are styled"


def test_layers_are_switched_by_style() -> None:
    everything = layer_css(".page", beats=True, panel=True, heat_opacity=0.5, chosen=None)
    assert "display: none" not in everything
    assert "opacity: 0.50" in everything
    nothing = layer_css(".page", beats=False, panel=False, heat_opacity=0.0, chosen=4)
    assert nothing.count("display: none") == 2
    assert ".point:nth-child(5)" in nothing


@pytest.mark.parametrize(("share", "words"), [(0.42, "▲ +0.42"), (-0.13, "● −0.13"), (0.001, "0.00"), (None, None)])
def test_hover_gives_number_score_probability_and_share(share: float | None, words: str | None) -> None:
    text = describe_beat(11, beat(share))
    assert "Beat 12" in text
    assert "0.90" in text
    assert "0.50" in text
    assert words is None or words in text


def test_score_tables_follow_nested_data_sets() -> None:
    figure = {"value": 0.9, "low": 0.8, "high": 1}
    metrics = {"khan": {"gridded": {"fused": {"auroc": figure}, "global": {"auroc": None}}, "note": "text"}}
    [(title, rows)] = score_tables(metrics)
    assert title == "khan · gridded"
    assert rows == [{"": "AUROC", "verdict (fused)": "0.90 (0.80 to 1.00)", "whole page": "–"}]


def test_interval_text_without_interval() -> None:
    assert interval_text({"value": 0.5, "low": None, "high": None}) == "0.50"
    assert interval_text({"value": None, "low": None, "high": None}) == "–"
