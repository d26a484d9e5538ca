"""What a figure is in every report: a value with its interval."""

from typing import Annotated, NotRequired

from pydantic import BeforeValidator, ConfigDict, JsonValue, with_config
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12


@with_config(ConfigDict(extra="allow", allow_inf_nan=False))
class Interval(TypedDict):
    """A figure and its 95 % interval; None where it is not defined, an int where it counts pages.

    A figure that was corrected for its bias bears the uncorrected one, as papers give it, as ``plug_in``.
    """

    value: int | float | None
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    plug_in: NotRequired[float | None]


UNDEFINED: Interval = {"value": None}
NULL_IS_EMPTY = BeforeValidator(lambda written: {} if written is None else written)
"""Of a mapping in a file: earlier versions wrote null where there was nothing to say."""

Figures = dict[str, Annotated[Interval, BeforeValidator(lambda written: UNDEFINED if written is None else written)]]
"""By metric; null in a file is a figure that is not defined."""
Block = dict[str, Annotated[Figures, NULL_IS_EMPTY]]
"""By network: "detector", "local", "global", "waveform" and "fused"; null in a file is one without figures."""


def plain_figures(figures: Figures) -> dict[str, dict[str, float | None]]:
    """Figures as bundles hold them."""
    return {metric: _numbers(interval) for metric, interval in figures.items()}


def plain_block(block: Block) -> dict[str, dict[str, dict[str, float | None]]]:
    """Figures by network as bundles hold them."""
    return {network: plain_figures(figures) for network, figures in block.items()}


def figures_json(figures: Figures) -> dict[str, JsonValue]:
    """Figures as files of a run hold them."""
    return {metric: {**_numbers(interval)} for metric, interval in figures.items()}


def block_json(block: Block) -> dict[str, JsonValue]:
    """Figures by network as files of a run hold them."""
    return {network: figures_json(figures) for network, figures in block.items()}


def _numbers(interval: Interval) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {"value": interval["value"]}
    if "low" in interval:
        numbers["low"] = interval["low"]
    if "high" in interval:
        numbers["high"] = interval["high"]
    if "plug_in" in interval:
        numbers["plug_in"] = interval["plug_in"]
    return numbers
