"""Paper speed, gain, filters, and the machine's own rate and intervals, from lines of print."""

import re
from collections.abc import Iterable, Sequence

from ecgcore.paper import PrintedSettings

SPEEDS_MM_S = (12.5, 25.0, 50.0)
GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0, 40.0)
"""What machines print with; other numbers were misread."""
_BEFORE = r"(?:(?<![\d.,])|(?<=[a-z]\.))"
"""A space between two settings is often read as a full stop: 25 mm/s.10.mm/mV."""
_BETWEEN = r"[\s.|-]*"
"""Between number and unit: a line of the grid is read, too."""
_NUMBER = rf"(?:{_BEFORE}|(?<=(?<!\d)[56]0))(\d{{1,3}}(?:[.,]\d)?)0?{_BETWEEN}"
"""Behind the mains filter's 50 or 60 a space is often lost."""
_SPEED = re.compile(_NUMBER + r"m\s*m\s*[/\\|]?\s*(?:\$|s(?:ec)?)(?![a-z])", re.IGNORECASE)
_GAIN = re.compile(_NUMBER + r"m\s*m\s*[/\\|]?\s*m\s*[vu](?![a-z])", re.IGNORECASE)
_M, _SLASH = "[mnwevuigy]", r"\s*[/\\|'²]\s*"
"""What a small or blurred m, and the stroke behind it, are read as."""
_USUAL_NUMBER = rf"{_BEFORE}(2[.,]5|5|10|12[.,]5|20|25|40|50){_BETWEEN}"
_BLURRED_MM = rf"(?:m(?!ins){_M}{{1,2}}\s*|m{_M}{{0,2}}{_SLASH})"
_BLURRED_SPEED = re.compile(rf"{_USUAL_NUMBER}{_BLURRED_MM}s(?![a-z])", re.IGNORECASE)
_BLURRED_GAIN = re.compile(rf"{_USUAL_NUMBER}(?:{_BLURRED_MM}|[nhr][mn]/){_M}{{1,2}}[vuy](?![a-z])", re.IGNORECASE)
_SPEED_BEFORE_GAIN = re.compile(rf"{_BEFORE}(12[.,]5|25|50)\s*m[mn]\s+(?=\d[\d.,]*\s*mm/m[vu])", re.IGNORECASE)
"""Of what is printed before the gain the end may be lost: 25 mn 20 mm/mV."""
_FILTER = re.compile(r"(\d{1,2}[.,]\d{1,2}|\d)\s*(?:Hz)?\s*[-~–]\s*(\d{2,3})\s*Hz", re.IGNORECASE)
_LOW_PASS = re.compile(r"(?<![\d.,~–-])(\d{2,3})\s*Hz", re.IGNORECASE)
_RATE = (  # in words, before its unit, and behind a heart, which is often lost behind the layout: 4*2.5s+1r ♥85
    re.compile(r"(?:\bHR|\brate|freq\w*\.?|\bFC|\bHF|\bpuls\w*)\b[^\d]{0,12}(\d{2,3})(?![\d.,/])", re.IGNORECASE),
    re.compile(r"(?<![\d.,/-])(\d{2,3})\s*(?:bpm\b|BPM|/min\b|min-1)", re.IGNORECASE),
    re.compile(r"(?:♥|\d\*\d(?:\.\d)?s(?:\+\dr)?\s*♥?)\s*(\d{2,3})(?![\d.,/])"),
)
_INTERVALS = {
    "pr_ms": re.compile(r"\bPR\b(?:[^\d(]{0,14})(\d{2,3})(?!\d)", re.IGNORECASE),
    "qrs_ms": re.compile(r"\bQRS\b(?:[^\d/(]{0,14})(\d{2,3})(?![\d/])", re.IGNORECASE),
}
_QT = re.compile(r"\bQT\s*/\s*QTc\w*[^\d]{0,10}(\d{3})\s*/\s*(\d{3})", re.IGNORECASE)
RATES_BPM, PR_MS, QRS_MS, QT_MS = (20, 300), (60, 500), (40, 300), (180, 800)
"""Numbers outside were misread."""


def parse_settings(lines: Sequence[str]) -> PrintedSettings:
    """Find the settings in lines of print, left to right and top to bottom."""
    text = "\n".join(lines).replace("：", ":")
    low_pass = _numbers(_FILTER, text, 2) or _numbers(_LOW_PASS, text)
    intervals = {
        name: int(value)
        for name, pattern in _INTERVALS.items()
        if (value := _one(_numbers(pattern, text), PR_MS if name == "pr_ms" else QRS_MS)) is not None
    }
    if (qt := _QT.search(text)) is not None and all(QT_MS[0] <= int(ms) <= QT_MS[1] for ms in qt.groups()):
        intervals |= {"qt_ms": int(qt[1]), "qtc_ms": int(qt[2])}
    rate = _one(_first(_RATE, text), RATES_BPM)
    return PrintedSettings(
        _of(SPEEDS_MM_S, _first((_SPEED, _BLURRED_SPEED, _SPEED_BEFORE_GAIN), text)),
        _of(GAINS_MM_MV, _first((_GAIN, _BLURRED_GAIN), text)),
        _one(low_pass, (15, 500)),
        None if rate is None else int(rate),
        intervals,
    )


def _numbers(pattern: re.Pattern[str], text: str, group: int = 1) -> list[float]:
    return [float(match[group].replace(",", ".")) for match in pattern.finditer(text)]


def _first(patterns: Iterable[re.Pattern[str]], text: str) -> list[float]:
    """What the first of the patterns finds that finds anything."""
    return next((found for pattern in patterns if (found := _numbers(pattern, text))), [])


def _of(usual: Iterable[float], read: list[float]) -> float | None:
    """The number that was read, if it is one of the usual ones and the only one."""
    return read[0] if len(set(read)) == 1 and read[0] in usual else None


def _one(read: list[float], limits: tuple[float, float]) -> float | None:
    """The number that was read, if it is the only one within the limits."""
    inside = {number for number in read if limits[0] <= number <= limits[1]}
    return inside.pop() if len(inside) == 1 else None
