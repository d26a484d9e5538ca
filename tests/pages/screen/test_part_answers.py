"""What Screen says of a model's parts: numbers as the model was told them, and nothing of parts it does not have."""

import re

from ecgcore.measurements import MEASUREMENT_NAMES, Measurements
from ecgcore.types import Prediction
from pages.parts.screen.result.part_answers import heaviest_measurements, is_other_paper, part_rows

SHARES = {
    "qrs_ms": (142.0, 0.8),
    "heart_rate_bpm": (45.0, 0.31),
    "st_mv.V2": (-0.21, -0.4),
    "pr_ms": (180.0, 0.01),
}


UNIT = re.compile(r"[A-Za-z0-9] (1 ms|1\.00 mV|1 bpm|1°|100 %|1) \(\+1\.00\)$")


def said(**changes: object) -> Prediction:
    values = {"measurements": Measurements(heart_rate_bpm=45.0, qrs_ms=142.0, pr_ms=180.0), "p_global": 0.27}
    return Prediction(file="x", page=1, status="ok", **{**values, "measurement_shares": SHARES, **changes})  # type: ignore[arg-type]


def test_the_heaviest_are_told_with_value_and_share() -> None:
    told = heaviest_measurements(said())
    assert told == {
        "abnormal": ["QRS 142 ms (+0.80)", "Rate 45 bpm (+0.31)"],
        "normal": ["ST in V2 −0.21 mV (−0.40)"],
    }


def test_every_measurement_has_words_and_a_unit() -> None:
    shares = dict.fromkeys(MEASUREMENT_NAMES, (1.0, 1.0))
    for name, told in shares.items():
        (words,) = heaviest_measurements(said(measurement_shares={name: told}))["abnormal"]
        assert UNIT.search(words), words


def test_values_on_another_paper_are_told_as_such() -> None:
    told = {name: SHARES[name] for name in ("qrs_ms", "heart_rate_bpm", "pr_ms")}
    assert not is_other_paper(said(measurement_shares=told))
    twice_as_fast = Measurements(heart_rate_bpm=90.0, qrs_ms=71.0)
    assert is_other_paper(said(measurement_shares=told, measurements=twice_as_fast))
    assert "QRS 142 ms (+0.80)" in heaviest_measurements(said(measurements=twice_as_fast))["abnormal"]
    assert not is_other_paper(said(measurement_shares={}))


def test_rows_are_those_of_the_parts_that_answered() -> None:
    assert part_rows(said()) == ["| Page | 0.27 |  |"]
    every = said(p_local=0.1, p_waveform=0.59, waveform_share=0.71, measurements_share=-0.001)
    told = ["| Beats, mean | 0.10 |  |", "| Signal | 0.59 | +0.71 |", "| Measurements |  | 0.00 |"]
    assert part_rows(every)[1:] == told
