"""What the files of a finished training may say, as far as pages show it; loads no network."""

import json
from pathlib import Path
from typing import Any, NotRequired

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

from ecgcore.errors import BadData


@with_config(ConfigDict(extra="allow", allow_inf_nan=False))
class Figure(TypedDict):
    """A metric with its 95 % interval; None where it is not defined."""

    value: float | None
    low: NotRequired[float | None]
    high: NotRequired[float | None]


Figures = dict[str, Figure | None]
Block = dict[str, Figures | None]
"""Figures by network."""


@with_config(ConfigDict(extra="allow"))
class Start(TypedDict):
    """What the networks of a fold continued from."""

    bundle: NotRequired[str | None]


@with_config(ConfigDict(extra="allow"))
class FoldFact(TypedDict):
    """One fold's course."""

    start: NotRequired[Start | None]
    seconds_of_stages: NotRequired[dict[str, float] | None]


@with_config(ConfigDict(extra="allow"))
class Summary(TypedDict):
    """Of all folds: ``summary.json``."""

    pooled: NotRequired[Block | None]
    folds: NotRequired[list[Block] | None]
    auroc_differences: NotRequired[Figures | None]
    fold_facts: NotRequired[list[FoldFact] | None]


@with_config(ConfigDict(extra="allow"))
class ChangedPage(TypedDict):
    """A page of which candidate and model in use say different things."""

    file: str
    label: str | None
    candidate: str
    active: str
    p_candidate: NotRequired[float | None]
    p_active: NotRequired[float | None]


@with_config(ConfigDict(extra="allow"))
class Comparison(TypedDict):
    """Candidate and model in use on the same pages: ``comparison.json``."""

    candidate: str
    active: str
    pages: NotRequired[int]
    verdict: NotRequired[str | None]
    because: NotRequired[str | None]
    explanation: NotRequired[str | None]
    pages_from: NotRequired[str | None]
    candidate_figures: NotRequired[Block | None]
    active_figures: NotRequired[Block | None]
    differences: NotRequired[Figures | None]
    left_out_as_seen: NotRequired[dict[str, dict[str, int]] | None]
    decisions: NotRequired[dict[str, dict[str, int]] | None]
    changed: NotRequired[list[ChangedPage] | None]


_SUMMARY, _COMPARISON = TypeAdapter(Summary), TypeAdapter(Comparison)


def read_summary(path: Path) -> dict[str, Any] | None:
    """The figures of a run; None where it has none yet.

    Raises:
        BadData: the file is damaged.
    """
    return _read(path, _SUMMARY)


def read_comparison(path: Path) -> dict[str, Any] | None:
    """The comparison of a run; None where it has none yet.

    Raises:
        BadData: the file is damaged.
    """
    return _read(path, _COMPARISON)


def damaged(path: Path) -> BadData:
    """What is said of a file of a run that cannot be understood."""
    return BadData(
        f"{path.name} of run {path.parent.name} is damaged.",
        "Restore it from a backup; python -m annotations check lists what else is damaged.",
    )


def _read(path: Path, schema: TypeAdapter[Any]) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        schema.validate_python(content, strict=True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:  # a ValidationError is a ValueError
        raise damaged(path) from error
    result: dict[str, Any] = content
    return result
