"""Lines of print -> paper speed, gain, rate and intervals; nothing rather than something wrong."""

import pytest

from ecgcore.paper import PrintedSettings
from ecgcore.printed.settings import parse_settings


@pytest.mark.parametrize(
    ("line", "speed", "gain"),
    [
        ("25 mm/s 10 mm/mV 0.05-150 Hz", 25.0, 10.0),
        ("25.0 mm/s | 10.0 mm/mV", 25.0, 10.0),
        ("50mm/s 10mm/mV 0.01-20Hz 50Hz", 50.0, 10.0),
        ("12,5 mm/s 5 mm/mV", 12.5, 5.0),
        ("0.67~25HzAC50 25mm/s10mm/mV 4*2.5s+1r", 25.0, 10.0),
        ("AC5025mm/s 10mm/mV", 25.0, 10.0),
        ("25mms 20mmmV 150Hz", 25.0, 20.0),
        ("Speed: 25 mm/sec Limb: 10 mm/mV Chest: 10 mm/mV", 25.0, 10.0),
    ],
)
def test_speed_and_gain_are_read_as_machines_print_them(line: str, speed: float, gain: float) -> None:
    found = parse_settings([line])
    assert (found.speed_mm_s, found.gain_mm_mv) == (speed, gain)


@pytest.mark.parametrize(
    ("line", "speed", "gain"),
    [
        ("50mevs 10mm/ev 05-100", 50.0, 10.0),
        ("50 m/s 20 m/mv 005-100", 50.0, 20.0),
        ("25 mm²s 5 mmn/miV 0.05-40 1", 25.0, 5.0),
        ("25 mm/s 18 mm/ev", 25.0, None),
        ("10 ms 25 mins 5 mV 50 ms", None, None),
        ("20 mm/mV 10 mm/my", None, 20.0),
        ("25 mm/s.5.mm/mV 0.05-100 Hz", 25.0, 5.0),
        ("25 mm/$ 10 mm/mV 005-150 H2", 25.0, 10.0),
        ("50mm/s 20hm/mV 0.05-150Hz", 50.0, 20.0),
        ("25 mn 20 mm/mV 0.05-25 Hz", 25.0, 20.0),
        ("20 mn 10 mm/mV", None, 10.0),
        ("25-mm/s 5|mm/mV0:05-40Hz", 25.0, 5.0),
        ("2.5 mm/$", None, None),
    ],
)
def test_blurred_units_are_read_behind_numbers_that_machines_print(
    line: str, speed: float | None, gain: float | None
) -> None:
    found = parse_settings([line])
    assert (found.speed_mm_s, found.gain_mm_mv) == (speed, gain)


@pytest.mark.parametrize(
    "line", ["125 mm/s", "25 mm/s 50 mm/s", "7 mm/mV", "3.5.mm/mV", "10 mm/mV 5 mm/mV", "QT 25 mm", "", "3.25 mm/s"]
)
def test_what_no_machine_prints_and_what_is_said_twice_is_not_read(line: str) -> None:
    found = parse_settings([line])
    assert (found.speed_mm_s, found.gain_mm_mv) == (None, None)


@pytest.mark.parametrize(
    ("line", "bpm"),
    [
        ("0.67~25HzAC5025mm/s10mm/mV 4*2.5s+1r ♥85SE-3V1.0SEMIPV1.7 2020-08-03", 85),
        ("0.67~25Hz 25mm/s10mm/mV4*2.5s+1r65 SE-3V1.0 2020-10-17", 65),
        ("0.5~100Hz 10mm/mV 2*5s 101 SE-3 V1.0", 101),
        ("25mm/s 10mm/mV 4*2.5s+1r SE-3 2020-10-17", None),
        ("25mm/s 10mm/mV 4*2.5s+1r 2020-10-17", None),
    ],
)
def test_a_rate_behind_a_heart_or_the_layout_is_read(line: str, bpm: int | None) -> None:
    assert parse_settings([line]).rate_bpm == bpm


def test_the_machines_rate_and_intervals_are_read() -> None:
    lines = ["HR : 101 bpm", "P : 138 ms", "PR :202 ms", "QRS : 100 ms", "QT/QTc :373/483 ms", "P/QRS/T : 48/40/84"]
    assert parse_settings(lines) == PrintedSettings(
        rate_bpm=101, intervals_ms={"pr_ms": 202, "qrs_ms": 100, "qt_ms": 373, "qtc_ms": 483}
    )


@pytest.mark.parametrize("line", ["Vent. rate 80 BPM", "Ventr. Freq.: 80 BPM", "Herzfrequenz 80/min", "80 bpm"])
def test_a_rate_is_read_in_many_words(line: str) -> None:
    assert parse_settings([line]).rate_bpm == 80


def test_two_rates_are_none() -> None:
    assert parse_settings(["HR 80 bpm", "HR 95 bpm"]).rate_bpm is None
