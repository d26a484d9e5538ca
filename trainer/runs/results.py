"""What a training has found out, as its files hold it: folds, summary and comparison; loads no network.

Files of earlier versions lack some keys, which are empty then, and others have more, which are passed over.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, JsonValue, TypeAdapter

from ecgcore.errors import DataError
from trainer.metrics.figures import NULL_IS_EMPTY, Block, Figures, block_json, figures_json

_Result = TypeVar("_Result")

ComparisonVerdict = Literal["better", "same", "worse", "unknown"]
PagesFrom = Literal["held-out", "folds", "none"]

Counts = Annotated[dict[str, int], NULL_IS_EMPTY]
Sides = Annotated[dict[str, Counts], NULL_IS_EMPTY]
"""Counts for "candidate" and for "active"."""
_Seconds = Annotated[dict[str, float], NULL_IS_EMPTY]
_Block = Annotated[Block, NULL_IS_EMPTY]
_Figures = Annotated[Figures, NULL_IS_EMPTY]


class _ResultFile:
    """What a whole file holds."""

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read the file's text.

        Raises:
            ValueError: it holds something else.
        """
        return TypeAdapter(cls).validate_json(text, strict=True)  # a ValidationError is a ValueError


@dataclass(frozen=True)
class StartFacts:
    """Where one training started.

    Args:
        start_from: "bundle", "imagenet" or "random"; empty where it is not known.
        bundle: whose weights went in; None for none.
        detector: the bundle whose beat detector is used where no page is boxed.
        passed_over: for each newer bundle how many of the test pages it has seen.
    """

    start_from: Annotated[str, Field(alias="from")] = ""
    bundle: str | None = None
    detector: str | None = None
    passed_over: Counts = field(default_factory=dict)

    def to_json(self) -> dict[str, JsonValue]:
        """As ``FoldFacts`` holds it."""
        return {
            "from": self.start_from,
            "bundle": self.bundle,
            "detector": self.detector,
            "passed_over": {**self.passed_over},
        }


@dataclass(frozen=True, kw_only=True)
class FoldFacts(_ResultFile):
    """The course of one fold: ``fold.json``.

    Args:
        pages: how many for "train", "val" and "test".
        answers: rows of the fold's ``predictions.csv``.
        start: what its networks started from.
        min_score: from which score on boxes are beats.
        thresholds: of each network ``(p_normal_below, p_abnormal_from)``.
        seconds: of the whole fold.
        seconds_of_stages: by stage.
        pages_shown: how often a page was shown to each stage, at most.
        was_resumed: whether a part of it was done by an earlier process.
    """

    pages: Counts = field(default_factory=dict)
    answers: int | None = None
    start: StartFacts | None = None
    min_score: float = 0.0
    thresholds: dict[str, tuple[float, float]] = field(default_factory=dict)
    seconds: float = 0.0
    seconds_of_stages: _Seconds = field(default_factory=dict)
    pages_shown: _Seconds = field(default_factory=dict)
    was_resumed: bool = False

    def to_json(self) -> dict[str, JsonValue]:
        """The content of the file."""
        return {
            "pages": {**self.pages},
            "answers": self.answers,
            "start": None if self.start is None else self.start.to_json(),
            "min_score": self.min_score,
            "thresholds": {name: [*bounds] for name, bounds in self.thresholds.items()},
            "seconds": self.seconds,
            "seconds_of_stages": {**self.seconds_of_stages},
            "pages_shown": {**self.pages_shown},
            "was_resumed": self.was_resumed,
        }


@dataclass(frozen=True)
class RunSummary(_ResultFile):
    """The figures of a cross-validation: ``summary.json``.

    Args:
        folds: of each fold alone.
        pooled: of all folds' answers put together.
        auroc_differences: paired, "fused minus" each network.
        fold_facts: the course of each fold.
    """

    folds: tuple[Block, ...] = ()
    pooled: _Block = field(default_factory=dict)
    auroc_differences: _Figures = field(default_factory=dict)
    fold_facts: tuple[FoldFacts, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """The content of the file; the commands add what went in."""
        return {
            "folds": [block_json(block) for block in self.folds],
            "pooled": block_json(self.pooled),
            "auroc_differences": figures_json(self.auroc_differences),
            "fold_facts": [facts.to_json() for facts in self.fold_facts],
        }


@dataclass(frozen=True)
class ChangedPage:
    """A page of which candidate and model in use say different things.

    Args:
        file: its file in the data folder.
        label: "normal" or "abnormal", what a person said; None where nobody did.
        candidate, active: "normal", "abnormal" or "refer".
        p_candidate, p_active: probabilities of abnormal; None where there is no answer.
    """

    file: str
    label: str | None
    candidate: str
    active: str
    p_candidate: float | None = None
    p_active: float | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """As ``Comparison`` holds it."""
        return {
            "file": self.file,
            "label": self.label,
            "candidate": self.candidate,
            "active": self.active,
            "p_candidate": self.p_candidate,
            "p_active": self.p_active,
        }


@dataclass(frozen=True, kw_only=True)
class Comparison(_ResultFile):
    """Candidate and model in use on the same pages: ``comparison.json``.

    Args:
        pages_from: "held-out", "folds" or "none".
        explanation: which pages these are, for a person.
        candidate, active: versions.
        pages: how many both have judged.
        left_out_as_seen: how many either has seen, by what gave them away.
        candidate_figures, active_figures: of both on these pages; empty where there is none.
        differences: paired, candidate minus active: "auroc", "sensitivity" and "ap50".
        decisions: how many pages each calls normal, refer and abnormal.
        verdict: "better", "same", "worse" or "unknown".
        because: what it rests on.
        changed: the pages whose answer is another now.
    """

    pages_from: str | None = None
    explanation: str | None = None
    candidate: str
    active: str
    pages: int = 0
    left_out_as_seen: Sides = field(default_factory=dict)
    candidate_figures: _Block = field(default_factory=dict)
    active_figures: _Block = field(default_factory=dict)
    differences: _Figures = field(default_factory=dict)
    decisions: Sides = field(default_factory=dict)
    verdict: str | None = None
    because: str | None = None
    changed: tuple[ChangedPage, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """The content of the file."""
        return {
            "pages_from": self.pages_from,
            "explanation": self.explanation,
            "candidate": self.candidate,
            "active": self.active,
            "pages": self.pages,
            "left_out_as_seen": {side: {**counts} for side, counts in self.left_out_as_seen.items()},
            "candidate_figures": block_json(self.candidate_figures) or None,
            "active_figures": block_json(self.active_figures) or None,
            "differences": figures_json(self.differences),
            "decisions": {side: {**counts} for side, counts in self.decisions.items()},
            "verdict": self.verdict,
            "because": self.because,
            "changed": [page.to_json() for page in self.changed],
        }


def read_fold(path: Path) -> FoldFacts | None:
    """The course of a fold; None where the file is missing or broken, as after a power cut."""
    try:
        return FoldFacts.from_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def read_summary(path: Path) -> RunSummary | None:
    """The figures of a run; None where it has none yet.

    Args:
        path: its ``summary.json``.

    Raises:
        DataError: the file is damaged.
    """
    return _read(path, RunSummary.from_json)


def read_comparison(path: Path) -> Comparison | None:
    """The comparison of a run; None where it has none yet.

    Args:
        path: its ``comparison.json``.

    Raises:
        DataError: the file is damaged.
    """
    return _read(path, Comparison.from_json)


def _read(path: Path, from_json: Callable[[bytes], _Result]) -> _Result | None:
    try:
        return from_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise damaged(path) from error


def damaged(path: Path) -> DataError:
    """What is said of a file of a run that cannot be understood."""
    return DataError(
        f"{path.name} of run {path.parent.name} is damaged.",
        "Restore it from a backup; python -m annotations check lists what else is damaged.",
    )
