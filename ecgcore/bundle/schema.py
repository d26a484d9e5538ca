"""What bundle.json may say: types, ranges and sizes, checked before anything of it is used; loads no network."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    RootModel,
    ValidationError,
    model_validator,
)
from pydantic_core import from_json, to_json

from ecgcore.bundle.weights import MAX_WEIGHT_BYTES
from ecgcore.measurements import MEASUREMENT_NAMES
from ecgcore.networks.configs import PARTS, PUBLISHED_PARTS, NetworkConfigs, Part, config_of
from ecgcore.operating_point import OperatingPoint

FORMAT = 1
MAX_BYTES = 64 * 2**20
"""Of the whole file: the seen pages of half a million."""
MAX_FACTS_BYTES = 2**20
"""Of all but the seen pages: the recipe and the figures."""
MAX_DEPTH = 12
"""Of recipe and figures."""


def _is_time(value: str) -> str:
    datetime.fromisoformat(value)
    return value


_Short = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Cell = Annotated[str, Field(max_length=1000)]


class FiguresSchema(RootModel[dict[_Short, "FiguresSchema | float | None"]]):
    """By data set, network and metric, nested at will; the leaves are numbers."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class WeightFileSchema(BaseModel):
    """One network's file, which lies beside bundle.json."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}\.safetensors$")]
    sha256: _Sha256
    bytes: Annotated[int, Field(ge=0, le=MAX_WEIGHT_BYTES)] = 0


class RecipeSchema(BaseModel):
    """The settings of the training; ``trainer.recipes`` knows their types."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    name: _Short = ""


class ManifestSchema(BaseModel):
    """The whole of bundle.json. What it does not know is let through: a later version may say more."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    format: Literal[1]
    version: Annotated[_Short, Field(min_length=1)]
    class_names: tuple[Literal["normal"], Literal["abnormal"]] = ("normal", "abnormal")
    preprocessing: dict[str, JsonValue] = {}
    thresholds: dict[str, JsonValue]
    configs: dict[Part, dict[str, JsonValue]]
    weights: dict[Part, WeightFileSchema]
    recipe: RecipeSchema = RecipeSchema()
    parent: _Short | None = None
    created_at: Annotated[_Short, AfterValidator(_is_time)] | None = None
    snapshot_hash: _Short | None = None
    metrics: FiguresSchema = FiguresSchema({})
    libraries: dict[str, JsonValue] = {}
    erased_pages: Annotated[int, Field(ge=0, le=10**7)] = 0
    """Of the seen pages, how many were erased since and stand in the list no more."""
    seen: Annotated[list[tuple[_Cell, _Cell, _Cell]], Field(max_length=500_000)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if set(self.configs) != set(self.weights) or not set(self.configs) >= PUBLISHED_PARTS:
            raise ValueError(f"configs and weights must name the networks {', '.join(PARTS)}")
        config_of(OperatingPoint, self.thresholds)
        networks = NetworkConfigs.from_json(self.configs)
        waveform_dim = 0 if networks.waveform is None else networks.waveform.feature_dim
        if networks.fusion.waveform_dim != waveform_dim:
            raise ValueError("the fusion head does not fit the waveform network")
        if unknown := set(networks.fusion.measurements) - set(MEASUREMENT_NAMES):
            raise ValueError(f"the fusion head asks for {min(unknown)}, which this version does not measure")
        return self


def checked_manifest(content: bytes) -> tuple[ManifestSchema, dict[str, JsonValue]]:
    """What a manifest says, and its JSON without the seen pages, once all of it is as ``ManifestSchema`` has it.

    Args:
        content: of the file.

    Raises:
        ValueError: it is not; the message says what is wrong in one sentence without its full stop.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MB")
    try:
        value = from_json(content, allow_inf_nan=False, cache_strings="none")
    except ValueError as error:
        raise ValueError("it is no valid JSON") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ValueError(f"it is not in bundle format {FORMAT}")
    try:
        checked = ManifestSchema.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(_words(error)) from error
    facts: dict[str, JsonValue] = {name: below for name, below in value.items() if name != "seen"}
    if _depth(facts) > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
    if len(to_json(facts)) > MAX_FACTS_BYTES:
        raise ValueError(f"recipe and figures are larger than {MAX_FACTS_BYTES // 2**20} MB")
    return checked, facts


def _words(error: ValidationError) -> str:
    """The first thing that is wrong, and how many more."""
    first, *more = error.errors(include_url=False, include_input=False, include_context=False)
    place = ".".join(str(part)[:40] for part in first["loc"][:6])
    message = first["msg"].splitlines()[0][:150]
    return f"{place or 'it'}: {message}" + (f" ({len(more)} more)" if more else "")


def _depth(value: JsonValue) -> int:
    """How deep objects and lists lie in one another; bounded, since the JSON parser's own bound came first."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)
