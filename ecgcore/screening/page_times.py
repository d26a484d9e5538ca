"""How long the steps of one page took."""

from time import perf_counter


class PageTimes:
    """Times the steps of one page: preparing it, finding its beats, judging it."""

    def __init__(self) -> None:
        self._marks = [perf_counter()]

    def lap(self) -> None:
        """A step has ended."""
        self._marks.append(perf_counter())

    def seconds(self) -> dict[str, float | None]:
        """How long each step took, as far as the page came, and all of them together."""
        steps = dict.fromkeys(("page", "detect", "classify"))
        spent = {step: round(b - a, 4) for step, a, b in zip(steps, self._marks, self._marks[1:], strict=False)}
        return {**steps, **spent, "total": round(self._marks[-1] - self._marks[0], 4)}
