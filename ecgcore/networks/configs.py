"""Shapes of the networks: what bundle.json says of them; loads no network.

The ranges hold for what comes from files: within them no network and no picture that it sees fills a machine's memory.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, TypeAdapter

Part = Literal["detector", "local", "global", "fusion", "waveform"]
PARTS: tuple[Part, ...] = get_args(Part)
"""The networks under the names that their files and configs bear."""
PUBLISHED_PARTS = frozenset(PARTS) - {"waveform"}
"""The networks of the published method."""

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""Nothing is taken for another type, and nothing is left out of account."""

_Config = TypeVar("_Config")
_ADDED_LATER: Mapping[str, JsonValue] = {"aspect": 1.0, "places": False, "waveform_dim": 0, "measurements": []}
"""Settings that the first bundles do not name, and what they were then."""

_CHECKS: dict[type[object], TypeAdapter[Any]] = {}
"""Building one takes milliseconds, and a list of models asks hundreds of times."""

WAVEFORM_RATES_HZ = (50.0, 125.0, 250.0)
"""Rates of which the 250 Hz that a page is read at is a whole multiple."""

_PxPerMm = Annotated[float, Field(ge=0.1, le=10)]
_Width = Annotated[int, Field(ge=1, le=4096)]
_Millimetres = Annotated[float, Field(ge=10, le=400)]
_Layers = Annotated[int, Field(ge=1, le=64)]
_Name = Annotated[str, Field(max_length=40)]


def config_of(cls: type[_Config], values: Mapping[str, JsonValue]) -> _Config:
    """A config from JSON values: all of its fields and no others, each of its type and in its range.

    Raises:
        ValueError: a field lacks, is unknown, of another type or out of range.
    """
    names = {field.name for field in fields(cls)}  # type: ignore[arg-type]  # only dataclasses come here
    values = {name: value for name, value in _ADDED_LATER.items() if name in names} | dict(values)
    if set(values) != names:
        raise ValueError(f"{cls.__name__} needs exactly {sorted(names)}")
    if cls not in _CHECKS:
        _CHECKS[cls] = TypeAdapter(cls)
    config: _Config = _CHECKS[cls].validate_json(json.dumps(values))
    return config


def _is_rate(fs_hz: float) -> float:
    if fs_hz not in WAVEFORM_RATES_HZ:
        raise ValueError(f"choose one of {', '.join(map(str, WAVEFORM_RATES_HZ))}")
    return fs_hz


@dataclass(frozen=True)
class DetectorConfig:
    """Shape of the detector.

    Args:
        width: share of VGG16's channels in the 13 convolutions.
        px_per_mm: resolution at which the panel is seen.
        neck: "none" pools regions from conv5_3 (stride 16) as published; "fuse8" adds conv5_3 to conv4_3 (stride 8),
            which places edges more exactly and keeps flat beats apart.
        hidden: width of the two fully connected layers behind RoI pooling.
        max_beats: most boxes of the first look at a page; over ``detector.MANY_BEATS`` it is looked at again.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    width: Annotated[float, Field(gt=0, le=2)] = 0.25
    px_per_mm: _PxPerMm = 3.0
    neck: Literal["none", "fuse8"] = "fuse8"
    hidden: _Width = 512
    max_beats: Annotated[int, Field(ge=1, le=2000)] = 300


@dataclass(frozen=True)
class LocalConfig:
    """Shape of the local network and of the window that it sees.

    Args:
        crop_mm: height of the paper round a beat, millimetres.
        px: height of the crop in pixels, whatever ``crop_mm`` is.
        width: channels of the first stage; 64 is ResNet18, less is for tests.
        aspect: width of the crop over its height; more than 1 shows the beats before and after.
        places: whether the network is told where on the panel a beat lies, which tells its lead.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    crop_mm: Annotated[float, Field(ge=1, le=200)] = 24.0
    px: Annotated[int, Field(ge=8, le=512)] = 96
    width: Annotated[int, Field(ge=1, le=256)] = 64
    aspect: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    places: bool = False

    @property
    def crop_wh_px(self) -> tuple[int, int]:
        """Width and height of the crop in its pixels."""
        return round(self.px * self.aspect), self.px

    @property
    def channels(self) -> int:
        """Ink, and with ``places`` two constant planes: where the beat's middle lies across and down the panel."""
        return 3 if self.places else 1

    @property
    def feature_dim(self) -> int:
        """Features of one beat: average and maximum of the last stage's ``8 * width`` channels."""
        return 16 * self.width


@dataclass(frozen=True)
class GlobalConfig:
    """Shape of the global network and of the canvas that it sees.

    Args:
        canvas_wh_mm: paper that the canvas holds, millimetres.
        px_per_mm: its resolution.
        growth_rate, block_config, init_features: DenseNet121 as given; less is for tests.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    canvas_wh_mm: tuple[_Millimetres, _Millimetres] = (288.0, 176.0)
    px_per_mm: _PxPerMm = 2.0
    growth_rate: Annotated[int, Field(ge=1, le=128)] = 32
    block_config: tuple[_Layers, _Layers, _Layers, _Layers] = (6, 12, 24, 16)
    init_features: Annotated[int, Field(ge=2, le=512)] = 64

    @property
    def canvas_wh_px(self) -> tuple[int, int]:
        """Width and height of the canvas in its pixels."""
        width_mm, height_mm = self.canvas_wh_mm
        return round(width_mm * self.px_per_mm), round(height_mm * self.px_per_mm)

    @property
    def feature_dim(self) -> int:
        """Channels after the last dense block: each transition halves them, each layer adds ``growth_rate``."""
        channels = self.init_features
        for layers in self.block_config[:-1]:
            channels = (channels + layers * self.growth_rate) // 2
        return channels + self.block_config[-1] * self.growth_rate


@dataclass(frozen=True)
class WaveformConfig:
    """Shape of the waveform network and of the signal that it sees.

    Args:
        fs_hz: samples in a second; a page's signal is read at 250 Hz, whole multiples of it.
        duration_s: what is seen of a page, from its left.
        width: half of the channels of the first block; 32 is 1.1 million weights.
        kernel: of the blocks' convolutions, an odd number of samples.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    fs_hz: Annotated[float, AfterValidator(_is_rate)] = 125.0
    duration_s: Annotated[float, Field(ge=1, le=60)] = 10.0
    width: Annotated[int, Field(ge=1, le=256)] = 32
    kernel: Literal[3, 5, 7, 9, 11, 13, 15] = 9

    @property
    def samples(self) -> int:
        """Of each lead."""
        return round(self.fs_hz * self.duration_s)

    @property
    def feature_dim(self) -> int:
        """Mean and maximum over time of the last block's ``6 * width`` channels."""
        return 12 * self.width


@dataclass(frozen=True)
class FusionConfig:
    """Shape of the fusion head.

    Args:
        pool: "sum" over beats as published, or "mean" with the logarithm of their number as one more feature.
        hidden: width of the first fully connected layer.
        global_dim, local_dim: features of a page and of a beat.
        dropout: published 0.5.
        waveform_dim: features of a page's signal; 0 where the bundle has no waveform network, as published.
        measurements: names of the measurements that it is told, in their order; none as published.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    pool: Literal["sum", "mean"] = "sum"
    hidden: _Width = 512
    global_dim: _Width = 1024
    local_dim: _Width = 1024
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    waveform_dim: Annotated[int, Field(ge=0, le=4096)] = 0
    measurements: Annotated[tuple[_Name, ...], Field(max_length=500)] = ()


@dataclass(frozen=True)
class NetworkConfigs:
    """Shapes of a bundle's networks; the published method has no waveform network."""

    detector: DetectorConfig
    local: LocalConfig
    global_: GlobalConfig
    fusion: FusionConfig
    waveform: WaveformConfig | None = None

    @classmethod
    def from_json(cls, values: Mapping[Part, Mapping[str, JsonValue]]) -> "NetworkConfigs":
        """The shapes that :meth:`to_json` wrote, or an earlier version.

        Raises:
            ValueError: a network lacks, or its shape is none (see ``config_of``).
        """
        if not PUBLISHED_PARTS <= values.keys() <= set(PARTS):
            raise ValueError(f"configs must name the networks {', '.join(sorted(PUBLISHED_PARTS))}")
        return cls(
            config_of(DetectorConfig, values["detector"]),
            config_of(LocalConfig, values["local"]),
            config_of(GlobalConfig, values["global"]),
            config_of(FusionConfig, values["fusion"]),
            config_of(WaveformConfig, values["waveform"]) if "waveform" in values else None,
        )

    def to_json(self) -> dict[str, dict[str, JsonValue]]:
        """Each network's shape as plain values, by its name."""
        parts = {"detector": asdict(self.detector), "local": asdict(self.local), "global": asdict(self.global_)}
        parts["fusion"] = asdict(self.fusion)
        return parts if self.waveform is None else {**parts, "waveform": asdict(self.waveform)}
