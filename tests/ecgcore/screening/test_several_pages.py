"""A picture of several pages becomes as many pages, each with its own answer; one page is never cut."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from ecgcore.__main__ import main
from ecgcore.bundle.folder import load_bundle
from ecgcore.errors import NotScreenableError
from ecgcore.lead_layout import LEADS, PrintedName
from ecgcore.page.decode.decoded_page import DecodedPage
from ecgcore.page.gutters import find_gutters
from ecgcore.page.prepare import prepare_page
from ecgcore.papersim import PageStyle, draw_page, synthetic_ecg
from ecgcore.picture_part import PicturePart
from ecgcore.pipeline import screen_pages
from ecgcore.screening.several_pages import check_one_page, split_pages
from ecgcore.types import ByteArray, Prediction
from tests.support.panel_pages import half_plans
from tests.support.several_pages import several_pages

STYLE = PageStyle(px_per_mm=4.0)


def drawn(style: PageStyle = STYLE, seed: int = 4, leads: str | None = None) -> ByteArray:
    signals_mv, fs_hz, _ = synthetic_ecg("normal", seed=seed)
    plan = None if leads is None else half_plans(10.0)[leads]
    return draw_page(signals_mv, fs_hz, style, seed, plan=plan).image_rgb


def collage(*pages: ByteArray, is_stacked: bool = True, gap_px: int = 40) -> ByteArray:
    axis = 0 if is_stacked else 1
    shape = list(pages[0].shape)
    shape[axis] = gap_px
    gap = np.full(shape, 70, np.uint8)
    return np.concatenate([part for page in pages for part in (gap, page)] + [gap], axis=axis)


def saved(folder: Path, picture_rgb: ByteArray) -> Path:
    path = folder / "two.png"
    cv2.imwrite(str(path), cv2.cvtColor(picture_rgb, cv2.COLOR_RGB2BGR))
    return path


def test_two_pages_side_by_side_are_two() -> None:
    first, second = drawn(), drawn(seed=5)
    pages = split_pages(DecodedPage(collage(first, second, is_stacked=False), number=3), prepare_page)
    assert [page.number for page in pages] == [3, 3]
    assert [(page.part.number, page.part.of, page.part.place) for page in pages if page.part] == [
        (1, 2, "left"),
        (2, 2, "right"),
    ]
    for page, whole in zip(pages, (first, second), strict=True):
        assert page.photo_rgb.shape == pytest.approx(whole.shape, abs=70)


def test_sheets_on_a_desk_are_cut_apart() -> None:
    picture = several_pages(3, 11)
    pages = split_pages(DecodedPage(picture.image_rgb), prepare_page)
    boxes = [page.part.box_xyxy for page in pages if page.part]
    assert np.array(boxes) == pytest.approx(picture.boxes_xyxy, abs=0.1 * max(picture.image_rgb.shape))


@pytest.mark.parametrize("layout", ["3x4+3", "12x1"])
def test_one_page_with_bands_between_its_rows_is_one(layout: str) -> None:
    style = replace(STYLE, layout=layout, grid="none", frame=False, row_pitch_mm=34.0, separators="gap", header=False)
    page = DecodedPage(drawn(style))
    assert find_gutters(page.photo_rgb)
    assert split_pages(page, prepare_page) == [page]


Names = set[str] | None


@pytest.fixture
def read_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[Names, Names], None]:
    """Lets a part that begins black be a whole ECG with the first names, any other with the second; None for none."""

    def answers(black: Names, other: Names) -> None:
        monkeypatch.setattr(
            "ecgcore.screening.several_pages._names_of_whole_ecg",
            lambda part_rgb, _: other if part_rgb[0, 0, 0] else black,
        )

    return answers


def stripes(count: int) -> ByteArray:
    """Prints, one above the other on a black ground; its foot is grey."""
    print_rgb = np.random.default_rng(2).integers(120, 256, (300, 1200, 3), dtype=np.uint8)
    gap = np.zeros((60, 1200, 3), np.uint8)
    return np.concatenate([part for _ in range(count) for part in (gap, print_rgb)] + [gap + 90])


def test_the_sides_of_a_cut_are_cut_again(read_as: Callable[[Names, Names], None]) -> None:
    read_as(set(), set())
    pages = split_pages(DecodedPage(stripes(3)), prepare_page)
    assert [page.part.place for page in pages if page.part] == ["top", "middle", "bottom"]


@pytest.mark.parametrize("other", [None, {"V6", "aVF", "V5"}])
def test_nothing_is_cut_where_one_side_is_no_whole_ecg_or_the_rest_of_one(
    read_as: Callable[[Names, Names], None], other: Names
) -> None:
    read_as({"aVR", "V1", "V2", "V6"}, other)
    page = DecodedPage(np.ascontiguousarray(stripes(2)[::-1]))
    assert split_pages(page, prepare_page) == [page]
    read_as({"aVR", "V1", "V2"}, {"aVR", "V2", "V5"})
    assert len(split_pages(page, prepare_page)) == 2


def names(*leads: str, x: float = 0.0, y: float = 0.0) -> list[PrintedName]:
    return [PrintedName(lead, (x + 40 * n, y, x + 40 * n + 20, y + 12)) for n, lead in enumerate(leads)]


@pytest.mark.parametrize(("x", "y"), [(0.0, 500.0), (900.0, 0.0)])
def test_a_page_that_names_its_leads_twice_is_two(x: float, y: float) -> None:
    with pytest.raises(NotScreenableError, match="more than one ECG page"):
        check_one_page([*names(*LEADS), *names(*LEADS, x=x, y=y)])


def test_rhythm_strips_and_misread_strokes_are_no_second_page() -> None:
    check_one_page([*names(*LEADS), *names("I", "II", "III", "II", "V1", "V5", y=500.0)])


def test_columns_with_grids_of_their_own_are_one_page() -> None:
    style = replace(STYLE, row_pitch_mm=22.0, header=False, footer=False, margin_mm=(8.0, 8.0, 8.0, 8.0))
    limb, chest = (drawn(style, leads=leads) for leads in ("limb leads, 6x1", "chest leads, 6x1"))
    page = DecodedPage(collage(limb, chest, is_stacked=False))
    assert split_pages(page, prepare_page) == [page]


def test_each_page_has_its_answer_with_its_boxes_in_the_picture(tmp_path: Path, tiny_bundle: Path) -> None:
    picture_rgb = collage(drawn(), drawn(seed=5))
    bundle = load_bundle(tiny_bundle, "cpu")
    (first, first_rgb), (second, second_rgb) = screen_pages(saved(tmp_path, picture_rgb), bundle, file="two.png")
    assert first_rgb is not None
    assert second_rgb is not None
    assert first.notes[0] == "The picture shows 2 pages: this is page 1 of them (top)."
    shown = [prediction.to_json() for prediction in (first, second)]
    parts = [PicturePart(**{**_plain(row["part"]), "picture_wh": (0, 0)}) for row in shown]
    assert [row["page"] for row in shown] == [1, 1]
    for row, part, page_rgb in zip(shown, parts, (first_rgb, second_rgb), strict=True):
        assert (row["status"], row["leads_found"]) == ("ok", 12)
        x1, y1, x2, y2 = part.box_xyxy
        assert np.array_equal(page_rgb, picture_rgb[y1:y2, x1:x2])
        boxes = [beat["box"] for beat in json.loads(json.dumps(row))["beats"]]
        assert boxes
        assert all(x1 <= a < c <= x2 and y1 <= b < d <= y2 for a, b, c, d in boxes)


def _plain(part: object) -> dict[str, object]:
    assert isinstance(part, dict)
    return {"number": part["number"], "of": part["of"], "box_xyxy": tuple(part["box"])}


def test_overlays_and_signals_of_the_parts_have_names_of_their_own(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    height, width = drawn().shape[:2]
    boxes = [(0, 0, width, height + 60), (0, height + 60, width, 2 * height + 120)]
    monkeypatch.setattr("ecgcore.screening.several_pages.page_boxes", lambda *_: boxes)
    path, overlays, signals = saved(tmp_path, collage(drawn(), drawn(seed=5))), tmp_path / "o", tmp_path / "s"
    options = ["--bundle", str(tiny_bundle), "--overlay", str(overlays), "--signal", str(signals)]
    assert main(["screen", str(path), "--json", str(tmp_path / "out.jsonl"), *options]) == 0
    assert sorted(file.name.rpartition("-")[0] for file in overlays.iterdir()) == ["two-p1-1", "two-p1-2"]
    assert sorted(file.name for file in signals.glob("*.csv")) == ["two-p1-1.csv", "two-p1-2.csv"]


def test_a_part_says_where_it_lies_once() -> None:
    halves = [PicturePart(number, 2, (0, y, 100, y + 50), (100, 100)) for number, y in ((1, 0), (2, 50))]
    page = Prediction("two.png", 1, "ok", notes=("Straightened.",))
    notes = [page.of_part(one).of_part(other).notes for one, other in pairwise([*halves, None])]
    assert notes == [(halves[1].note, "Straightened."), ("Straightened.",)]
