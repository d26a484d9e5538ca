"""The time left of a run: what its stages are expected to take, corrected by what they take while it works."""

from collections.abc import Mapping, Sequence

from trainer.progress import ProgressEvent
from trainer.workload import INFERENCE, JOINT

ORDER = ("detector", INFERENCE, "local", "global", "waveform", "fusion", JOINT)
_FINDING_SHARE = 0.7
"""Of looking: finding the beats before the classifiers are trained. The rest is judging pages after them."""
_TRUST = 0.1
"""How much of a stage's expected work its expectation counts as, beside the work that was seen."""

Place = tuple[int, str]
"""Number of a training, and a stage of it."""


class Forecast:
    """What is left of a run of several trainings, one after the other.

    A stage that has been seen at work costs from then on what it did; one that has not costs what was expected, times
    the factor by which all that was seen differs from what was expected of it.

    Args:
        trainings: the expected seconds of each stage, for every fold and then the final training.
        before_s: expected seconds of what comes before them, the preparation of the pages.
        beside_s: of one training beside its stages: saving its networks, working its figures out.
        after_s: of what comes after them, the comparison.
    """

    def __init__(
        self,
        trainings: Sequence[Mapping[str, float]],
        *,
        before_s: float = 0.0,
        beside_s: float = 0.0,
        after_s: float = 0.0,
    ) -> None:
        self._trainings = [dict(stages) for stages in trainings]
        self._before_s, self._beside_s, self._after_s = before_s, beside_s, after_s
        self._at: Place = (-1, "")
        self._spent_s: dict[Place, float] = {}
        self._shown: dict[Place, float] = {}
        self._began: dict[Place, float] = {}
        self._over: set[Place] = set()

    def expect(self, trainings: Sequence[Mapping[str, float]], after_s: float) -> None:
        """Replace what was expected of the trainings and of what comes after them, by a rehearsal say."""
        self._trainings = [dict(stages) for stages in trainings]
        self._after_s = after_s

    def note(self, event: ProgressEvent) -> None:
        """Take note of one step of a run, as ``trainer.worker.recorder.Recorder`` hears of it.

        The seconds of a stage so far are ``stage_seconds`` (``trainer.workload.StageClock``); its steps and epochs say
        how much of it is done.
        """
        part, stage = event.part, event.stage
        if part == "prepare":
            self._before_s *= 1 - event.step / event.steps if event.steps and event.step else 1.0
            return
        self._before_s = 0.0
        if part == "comparison":
            self._at = (len(self._trainings), "")
            return
        number = (event.fold or 0) if part == "folds" else len(self._trainings) - 1
        if stage not in ORDER:
            is_over = stage == "fold"
            self._at = max(self._at, (number + is_over, ""))
            return
        place = (number, stage)
        self._at = place
        spent_s = event.stage_seconds
        self._spent_s[place] = self._spent_s.get(place, 0.0) if spent_s is None else spent_s
        share = _share_of(event)
        if share is not None and stage != INFERENCE:
            # A stage that was resumed did its first epochs in an earlier process.
            began = self._began.setdefault(place, _epochs_before(event))
            self._shown[place] = max(self._shown.get(place, 0.0), share - began)
        if event.is_finished:
            self._over.add(place)
            if stage == INFERENCE:
                has_judged = any(later in self._over for later in self._of(number)[2:])
                self._shown[place] = 1.0 if has_judged else _FINDING_SHARE

    def left_s(self) -> float:
        """Seconds until the run's end."""
        now, _ = self._at
        left = self._before_s + self._after_s * (now <= len(self._trainings)) * self._rate(INFERENCE)
        for number in range(max(0, now), len(self._trainings)):
            left += self._beside_s
            left += sum(self._left_of((number, stage)) for stage in self._trainings[number])
        return left

    def _of(self, number: int) -> list[Place]:
        return [(number, stage) for stage in ORDER]

    def _left_of(self, place: Place) -> float:
        number, stage = place
        whole = self._trainings[number][stage] * self._rate(stage)
        if number > self._at[0]:
            return whole * self._usual_share(stage)
        spent = self._spent_s.get(place, 0.0)
        if stage == INFERENCE:
            return max(0.0, whole - spent)
        if place in self._over or (self._at[1] and ORDER.index(stage) < ORDER.index(self._at[1])):
            return 0.0
        return whole * (1 - self._began.get(place, 0.0) - self._shown.get(place, 0.0))

    def _rate(self, stage: str) -> float:
        """How many times its expected seconds a stage takes."""
        seen_s, expected_s = self._seen([place for place in self._spent_s if place[1] == stage])
        trust_s = _TRUST * max((stages.get(stage, 0.0) for stages in self._trainings), default=0.0)
        if any(place[1] == stage for place in self._over):
            trust_s *= _TRUST
        return (seen_s + trust_s * self._factor()) / (expected_s + trust_s) if expected_s + trust_s else 1.0

    def _factor(self) -> float:
        """How many times their expected seconds all stages together took so far.

        Without looking, which says little of the others: what a detector finds is often kept from before.
        """
        seen_s, expected_s = self._seen([place for place in self._spent_s if place[1] != INFERENCE])
        trust_s = _TRUST * _TRUST * max((sum(stages.values()) for stages in self._trainings), default=0.0)
        return (seen_s + trust_s) / (expected_s + trust_s) if expected_s + trust_s else 1.0

    def _seen(self, places: Sequence[Place]) -> tuple[float, float]:
        """Seconds that these took, and that were expected of what was shown there."""
        known = [place for place in places if self._shown.get(place) and self._trainings[place[0]].get(place[1])]
        return (
            sum(self._spent_s[place] for place in known),
            sum(self._trainings[place[0]][place[1]] * self._shown[place] for place in known),
        )

    def _usual_share(self, stage: str) -> float:
        """Of a stage's epochs, those that finished ones needed until they stopped learning; all while none is known."""
        shares = [self._began[p] + self._shown[p] for p in self._over if p[1] == stage and p in self._began]
        return sum(shares) / len(shares) if shares else 1.0


def _epochs_before(event: ProgressEvent) -> float:
    """The share of a stage's epochs that ended before the one that an event tells of."""
    return ((event.epoch or 1) - 1) / event.epochs if event.epochs else 0.0


def _share_of(event: ProgressEvent) -> float | None:
    """How much of a stage is done; None where an event does not tell."""
    if not event.epochs:
        return None
    if event.train_loss is not None:
        within = 1.0
    elif event.steps:
        within = (event.step or 0) / event.steps
    else:
        return None
    return ((event.epoch or 1) - 1 + within) / event.epochs
