"""What is measured on the paper: rate and rhythm, with the paper that is assumed and the beats that were used."""

from dataclasses import replace

import streamlit as st

from ecgcore.paper import PaperSettings, PrintedSettings
from ecgcore.rhythm.measures import IRREGULAR_SPREAD, RhythmMeasures, rhythm_measures, whole_bpm
from ecgcore.screening.printed_rate import with_printed_rate
from pages.parts.common.words import plain
from pages.parts.screen.result.picture_source import measured_on
from pages.parts.screen.screened import ScreenedPage, read_machine_values, screen_again
from pages.parts.screen.session_results import replace_result

SPEEDS_MM_S = (12.5, 25.0, 50.0)
GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0, 40.0)
RATES_DIFFER_BPM = 5.0
"""Beat boxes and leads are measured each by themselves; by so much they differ where one of them missed a beat."""
NO_MILLIMETRES = "Neither a grid nor a calibration pulse was found, so there is no scale to measure by."
_TERMS = (
    "60 s over the usual RR, the time from one R peak to the next (mean of the middle half of the intervals). In "
    "brackets: of the longest and the shortest RR. "
    f"Irregular: longest and shortest RR differ by more than {100 * IRREGULAR_SPREAD:.0f} % of the usual one. "
    "SDNN: standard deviation of RR. RMSSD: root mean square of the differences of successive RR. A few seconds of "
    "paper tell little of either."
)


def measured(item: ScreenedPage) -> None:
    """Rate, range, rhythm and variability, what they were measured on, and the paper's speed and gain to be changed."""
    prediction = item.prediction
    measures = rhythm_measures(prediction.rhythm, prediction.paper)
    if prediction.px_per_mm is None:
        st.markdown(f"**Heart rate** not measured. {NO_MILLIMETRES}", help=_TERMS)
        return
    if prediction.heart_rate_bpm is None:
        st.markdown("**Heart rate** not measured: no row shows three consecutive beats.", help=_TERMS)
    else:
        st.markdown(rhythm_text(prediction.heart_rate_bpm, measures), help=_TERMS)
    used = "" if prediction.rhythm is None else f" {_beats_text(prediction.rhythm.beats)}"
    st.caption(measured_on(item) + used)
    if prediction.recording is not None:  # drawn by this program: speed and gain are known
        return
    with st.popover("Change speed / gain", icon=":material/straighten:", type="tertiary"):
        _ask_paper(item)
    _printed(item)


def rhythm_text(heart_rate_bpm: float, measures: RhythmMeasures | None) -> str:
    """The rate; from the beat boxes its range, rhythm and variability, and their rate where it is another.

    Args:
        heart_rate_bpm: as it is told everywhere.
        measures: what the RR intervals between the beat boxes say; None where they are too few.
    """
    rate = f"**Heart rate {whole_bpm(heart_rate_bpm)} bpm**"
    if measures is None:
        return f"{rate}  \nToo few beat boxes in a row to judge regularity."
    if abs(measures.heart_rate_bpm - heart_rate_bpm) > RATES_DIFFER_BPM:
        return (
            f"{rate} by the leads, but {whole_bpm(measures.heart_rate_bpm)} bpm by the beat boxes. "
            "Check the boxes and the signal."
        )
    word = "too few beats to judge regularity" if measures.regularity is None else f"**{measures.regularity}**"
    rmssd = "" if measures.rmssd_ms is None else f" · RMSSD {measures.rmssd_ms:.0f} ms"
    return (
        f"{rate} ({whole_bpm(measures.lowest_bpm)} to {whole_bpm(measures.highest_bpm)}), "
        f"{word}  \nRR varies by {100 * measures.rr_cv:.0f} % · SDNN {measures.sdnn_ms:.0f} ms{rmssd}"
    )


def _beats_text(beats: tuple[int, ...]) -> str:
    """Which beats bound the intervals; on the page their R peaks bear a triangle."""
    first, last = beats[0] + 1, beats[-1] + 1
    which = f"beats {first} to {last}" if last - first + 1 == len(beats) else f"{len(beats)} beats"
    return f"From {which}, marked ▼ on the page."


def _ask_paper(item: ScreenedPage) -> None:
    paper = item.prediction.paper
    speed = st.selectbox(
        "Paper speed",
        SPEEDS_MM_S,
        SPEEDS_MM_S.index(paper.speed_mm_s),
        format_func=lambda value: f"{value:g} mm/s",
        key=f"speed-{item.key}",
        help="Printed on most pages, and then read there. Another speed screens the page anew.",
    )
    gain = st.selectbox(
        "Gain",
        GAINS_MM_MV,
        GAINS_MM_MV.index(paper.gain_mm_mv),
        format_func=lambda value: f"{value:g} mm/mV",
        key=f"gain-{item.key}",
        help="The height of the 1 mV calibration pulse. Another gain screens the page anew.",
    )
    if PaperSettings(speed, gain) != paper:
        with st.spinner("Screening at this speed and gain"):
            prediction = screen_again(item, PaperSettings(speed, gain), item.prediction.corners_set_photo_xy)
        if prediction.status != "ok":
            st.error(f"**Not screened at this speed and gain.** {plain(prediction.reason)}")
            return
        replace_result(replace(item, prediction=prediction))
        st.rerun()


def _printed(item: ScreenedPage) -> None:
    """What the page itself prints, beside what was measured; its header is read on request alone."""
    printed = item.prediction.printed
    if printed is None or item.shown is None:
        return
    words = printed_words(printed)
    if words:
        st.caption(f"Printed on the page: {words}.")
    if not printed.intervals_ms and st.button(
        "Read the machine's values", key=f"header-{item.key}", type="tertiary", icon=":material/match_case:",
        help="Reads rate and intervals in the page's header, for comparison. They reach no network and are not kept.",
    ):  # fmt: skip
        with st.spinner("Reading the header"):
            settings = read_machine_values(item)
        if settings == printed:
            st.caption("No rate or interval could be read in the header.")
            return
        replace_result(replace(item, prediction=with_printed_rate(replace(item.prediction, printed=settings))))
        st.rerun()


def printed_words(printed: PrintedSettings) -> str:
    """Such as ``25 mm/s, 10 mm/mV, rate 66 bpm, PR 154 ms``; empty where nothing was read."""
    intervals = printed.intervals_ms
    told = (
        (printed.speed_mm_s, "{:g} mm/s"),
        (printed.gain_mm_mv, "{:g} mm/mV"),
        (printed.low_pass_hz, "filter {:g} Hz"),
        (printed.rate_bpm, "rate {} bpm"),
        (intervals.get("pr_ms"), "PR {} ms"),
        (intervals.get("qrs_ms"), "QRS {} ms"),
        (intervals.get("qt_ms"), "QT {} ms"),
        (intervals.get("qtc_ms"), "QTc {} ms"),
    )
    return ", ".join(words.format(value) for value, words in told if value is not None)
