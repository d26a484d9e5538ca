"""The operating point: how a bundle turns probabilities into answers."""

from dataclasses import dataclass
from typing import ClassVar, Literal

Decision = Literal["normal", "abnormal", "refer"]


@dataclass(frozen=True)
class OperatingPoint:
    """How a bundle turns outputs into answers.

    Args:
        min_score: beats scored lower are left out.
        temperature: divides the fused logit before the sigmoid (Guo et al. 2017).
        p_normal_below: p_abnormal below it is "normal".
        p_abnormal_from: p_abnormal from it on is "abnormal"; between the two the answer is "refer".
    """

    # What bundle.json says is held to as in ``networks.configs.STRICT``; a plain dictionary, so that whoever needs a
    # decision alone loads no pydantic.
    __pydantic_config__: ClassVar = {"strict": True, "extra": "forbid", "allow_inf_nan": False}

    min_score: float
    temperature: float
    p_normal_below: float
    p_abnormal_from: float

    def __post_init__(self) -> None:
        in_order = 0 <= self.p_normal_below <= self.p_abnormal_from <= 1
        if not (in_order and 0 <= self.min_score <= 1 and 0 < self.temperature < float("inf")):
            raise ValueError(f"impossible operating point: {self}")

    def decide_probability(self, p_abnormal: float) -> Decision:
        """The answer for one probability."""
        if p_abnormal >= self.p_abnormal_from:
            return "abnormal"
        return "normal" if p_abnormal < self.p_normal_below else "refer"
