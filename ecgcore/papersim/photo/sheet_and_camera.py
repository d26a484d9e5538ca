"""Where paper and lens send a point: a sheet bent along cylinders and folds, and a pinhole camera with a real lens."""

from dataclasses import dataclass

import numpy as np

from ecgcore.geometry.arrays import FloatArray

_KNOTS = 400
_REACH = 0.75
"""The bend is tabulated this far beyond the sheet on each side, and straight from there."""
_FOLD_WIDTH = 0.012
"""Length of paper over which a fold turns, in diagonals."""


@dataclass(frozen=True)
class Bend:
    """A sheet rolled along one direction: paper length is kept, so what rises loses ground.

    Args:
        direction_xy: unit vector across the roll, in the page.
        along: paper positions of the table, in diagonals from the middle.
        slope, ground, rise: slope there, and where it then lies on the desk and above it.
    """

    direction_xy: FloatArray
    along: FloatArray
    slope: FloatArray
    ground: FloatArray
    rise: FloatArray

    @classmethod
    def of(cls, angle_deg: float, slope: FloatArray, along: FloatArray) -> "Bend":
        """Integrate a slope given along the paper.

        Args:
            angle_deg: of the direction across the roll, in the page.
            slope: ``[k]``, at the places of ``along``.
            along: ``[k]``, evenly spaced, in diagonals from the middle.
        """
        middle = len(along) // 2
        step = np.diff(along, prepend=along[0])
        ground, rise = np.cumsum(np.sqrt(1 - slope**2) * step), np.cumsum(slope * step)
        direction = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
        return cls(direction, along, slope, ground - ground[middle], rise - rise[middle])


@dataclass(frozen=True)
class Sheet:
    """A page as it lies: pixels of its picture to points in space, in diagonals of the page.

    Args:
        page_wh: size of the page's picture.
        bends: one each for curl, folds across and folds along; their heights add up.
    """

    page_wh: tuple[int, int]
    bends: tuple[Bend, ...]

    @classmethod
    def bent(
        cls, page_wh: tuple[int, int], curl: float, curl_deg: float, folds: tuple[tuple[float, float, bool], ...]
    ) -> "Sheet":
        """Bend a page; see ``PhotoDamage`` for the arguments.

        Args:
            page_wh: size of the page's picture.
            curl: slope of the curl; 0 for none.
            curl_deg: its direction.
            folds: place along the page 0..1, slope, and whether it runs across.
        """
        along = np.linspace(-_REACH, _REACH, 2 * _KNOTS + 1)
        bends = []
        if curl:
            wave = np.sin(np.pi * np.clip(along / 0.5, -1, 1))
            bends.append(Bend.of(curl_deg, curl * wave, along))
        diagonal = float(np.hypot(*page_wh))
        for across, angle_deg in ((True, 0.0), (False, 90.0)):
            length = page_wh[0 if across else 1] / diagonal
            slope = np.zeros_like(along)
            for place, steepness, is_across in folds:
                if is_across == across:
                    # up on one side, down on the other, fading to flat within a third of a page
                    from_fold = along - (place - 0.5) * length
                    ramp = np.exp(-((from_fold / 0.2) ** 2))
                    slope += steepness * np.tanh(from_fold / _FOLD_WIDTH) * ramp
            if slope.any():
                bends.append(Bend.of(angle_deg, np.clip(slope, -0.6, 0.6), along))
        return cls(page_wh, tuple(bends))

    def lift(self, points_page_xy: FloatArray) -> FloatArray:
        """Page pixels ``[n, 2]`` to points in space ``[n, 3]``: x, y on the desk from the page's middle, z above it."""
        flat = self._flat(points_page_xy)
        moved, height = flat.copy(), np.zeros(len(flat))
        for bend in self.bends:
            along = flat @ bend.direction_xy
            inside = np.clip(along, bend.along[0], bend.along[-1])
            moved += np.outer(np.interp(inside, bend.along, bend.ground) - inside, bend.direction_xy)
            height += np.interp(inside, bend.along, bend.rise)
        return np.column_stack([moved, height])

    def slope_towards_light(self, points_page_xy: FloatArray) -> FloatArray:
        """Slope of the paper towards a lamp at the top left; any shape ``[..., 2]`` to ``[...]``."""
        flat = self._flat(points_page_xy.reshape(-1, 2))
        slope = np.zeros(len(flat))
        for bend in self.bends:
            slope += np.interp(flat @ bend.direction_xy, bend.along, bend.slope) * (bend.direction_xy @ (0.8, 0.6))
        return slope.reshape(points_page_xy.shape[:-1])

    def lattice(self) -> FloatArray:
        """Points all over the page, ``[n, 2]``."""
        xs, ys = (np.linspace(0, n, 21) for n in self.page_wh)
        return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)

    def _flat(self, points_page_xy: FloatArray) -> FloatArray:
        flat: FloatArray = (points_page_xy - np.asarray(self.page_wh) / 2) / float(np.hypot(*self.page_wh))
        return flat


@dataclass(frozen=True)
class Framing:
    """How large a photo is, and how the sheet lies in it; see ``PhotoDamage`` for each."""

    long_px: int
    aspect: float | None
    fill: float
    offset: tuple[float, float]

    def photo_wh(self, sheet_aspect: float) -> tuple[int, int]:
        """Width and height of the photo; ``sheet_aspect`` (width over height) where none was asked for."""
        aspect = sheet_aspect if self.aspect is None else self.aspect
        if aspect >= 1:
            return self.long_px, round(self.long_px / aspect)
        return round(self.long_px * aspect), self.long_px


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with radial distortion (Brown 1966, first term).

    Args:
        rotation: 3x3, desk to camera.
        distance: of the camera from the page's middle, in diagonals.
        scale, shift_xy: from the pinhole's picture to photo pixels.
        barrel: see ``PhotoDamage``.
        photo_wh: size of the photo.
    """

    rotation: FloatArray
    distance: float
    scale: float
    shift_xy: FloatArray
    barrel: float
    photo_wh: tuple[int, int]

    @classmethod
    def aimed(
        cls,
        sheet: Sheet,
        framing: Framing,
        *,
        turn_deg: float,
        tilt_deg: tuple[float, float],
        distance: float,
        barrel: float,
    ) -> "Camera":
        """Aim at a sheet so that it takes its share of the photo; see ``PhotoDamage`` for the other arguments.

        Args:
            sheet: what is photographed.
            framing: how large the photo is, and how the sheet lies in it.
            turn_deg: of the page in the photo.
            tilt_deg: of the camera, about the photo's x and y.
            distance: of the camera, in diagonals of the page.
            barrel: distortion of the lens.
        """
        rotation = _about("x", tilt_deg[0]) @ _about("y", tilt_deg[1]) @ _about("z", turn_deg)
        seen = _pinhole(sheet.lift(sheet.lattice()), rotation, distance)
        low, high = seen.min(axis=0), seen.max(axis=0)
        span = high - low
        photo_wh = framing.photo_wh(float(span[0] / span[1]))
        scale = framing.fill * float(np.min(np.asarray(photo_wh) / span))
        room = np.maximum(np.asarray(photo_wh) - scale * span, 0.0)
        shift = (np.asarray(photo_wh) + np.asarray(framing.offset) * room) / 2 - scale * (low + high) / 2
        return cls(rotation, distance, scale, shift, barrel, photo_wh)

    def project(self, points_space: FloatArray) -> FloatArray:
        """Points in space ``[n, 3]`` to photo pixels ``[n, 2]``, on pixel edges."""
        middle = np.asarray(self.photo_wh) / 2
        half_diagonal = float(np.hypot(*middle))
        straight = (_pinhole(points_space, self.rotation, self.distance) * self.scale + self.shift_xy) - middle
        radius2 = np.minimum((straight**2).sum(axis=1, keepdims=True) / half_diagonal**2, 4.0)
        result: FloatArray = straight * (1 + self.barrel * radius2) + middle
        return result


def _about(axis: str, angle_deg: float) -> FloatArray:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def _pinhole(points_space: FloatArray, rotation: FloatArray, distance: float) -> FloatArray:
    """Perspective division; what rises from the desk (z up) comes nearer to the camera."""
    turned = points_space @ rotation.T
    result: FloatArray = turned[:, :2] * distance / np.maximum(distance - turned[:, 2:], 0.2)
    return result
