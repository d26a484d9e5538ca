"""The frame of a panel: where its pixels lie in the photo, exactly and both ways."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgcore.geometry.arrays import FloatArray
from ecgcore.geometry.displacement import DisplacementField

_MAX_STEPS, _EXACT_PX = 60, 1e-5
"""Of the way back through a displacement: so many steps at most, and none more where a step moves no point further."""
_FIT = 0.15
"""How different the two directions must be for a box inside a turned box to be found; 1 is upright, 0 is 45 degrees."""


@dataclass(frozen=True)
class PanelFrame:
    """The mapping between the standard panel raster and the upright input picture, exact both ways.

    Args:
        photo_from_panel: 3x3 homography; panel pixel edges to photo pixel edges.
        panel_wh: width and height of the standard panel raster in its pixels.
        displacement: what lens and bent paper add: panel points move by it before the homography; None for flat pages.
    """

    photo_from_panel: FloatArray
    panel_wh: tuple[int, int]
    displacement: DisplacementField | None = None

    @property
    def panel_from_photo(self) -> FloatArray:
        """The inverse homography, without the displacement."""
        return np.asarray(np.linalg.inv(self.photo_from_panel), dtype=np.float64)

    def points_to_photo(self, points_panel_xy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 2]`` panel points to photo points."""
        points = np.asarray(points_panel_xy, dtype=np.float64).reshape(-1, 2)
        return _project(
            self.photo_from_panel, points if self.displacement is None else points + self.displacement.at(points)
        )

    def points_to_panel(self, points_photo_xy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 2]`` photo points to panel points."""
        flat = _project(self.panel_from_photo, points_photo_xy)
        if self.displacement is None or len(flat) == 0:
            return flat
        points = flat
        for _ in range(_MAX_STEPS):
            better = flat - self.displacement.at(points)
            moved = float(np.abs(better - points).max())
            points = better
            if moved < _EXACT_PX:
                break
        return points

    def boxes_to_photo(self, boxes_panel_xyxy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 4]`` panel boxes to the upright boxes that enclose their corners in the photo."""
        corners = self.points_to_photo(_box_corners(boxes_panel_xyxy)).reshape(-1, 4, 2)
        return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)

    def boxes_to_panel(self, boxes_photo_xyxy: npt.ArrayLike) -> FloatArray:
        """Map ``[n, 4]`` photo boxes to the panel boxes that they enclose.

        The way back of :meth:`boxes_to_photo`: on a turned page a photo's upright box is larger than what it encloses.
        Where no panel box fits, as near 45 degrees, it is the upright box round the photo box's corners.
        """
        boxes = np.asarray(boxes_photo_xyxy, dtype=np.float64).reshape(-1, 4)
        corners = self.points_to_panel(_box_corners(boxes)).reshape(-1, 4, 2)
        around = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        # the size of a hull is |Jacobian| times the size of the box, so the box's is the solution of two equations
        middles = self.points_to_panel((boxes[:, :2] + boxes[:, 2:]) / 2)
        steps = [self.points_to_photo(middles + d) - self.points_to_photo(middles - d) for d in ((0.5, 0), (0, 0.5))]
        size = np.abs(np.stack(steps, axis=-1))
        fits = np.abs(np.linalg.det(size)) > _FIT * np.prod(np.linalg.norm(size, axis=1), axis=1)
        size[~fits] = np.eye(2)
        wanted = np.linalg.solve(size, (boxes[:, 2:] - boxes[:, :2])[..., None])[..., 0]
        fits &= np.all(wanted > 0, axis=1)
        inner = np.concatenate([middles - wanted / 2, middles + wanted / 2], axis=1)
        return np.where(fits[:, None], inner, around)

    @property
    def corners_photo_xy(self) -> FloatArray:
        """The panel's four corners in the photo, clockwise from its top left, ``[4, 2]``."""
        width, height = self.panel_wh
        return self.points_to_photo([[0, 0], [width, 0], [width, height], [0, height]])

    @property
    def photo_px_per_panel_px(self) -> float:
        """Scale in the middle of the panel, geometric mean of both directions."""
        x, y = self.panel_wh[0] / 2, self.panel_wh[1] / 2
        cross = self.points_to_photo([[x - 2, y], [x + 2, y], [x, y - 2], [x, y + 2]])
        return float(np.sqrt(abs(np.linalg.det(np.stack([cross[1] - cross[0], cross[3] - cross[2]]) / 4))))

    def after(self, panel_from_inner: FloatArray, inner_wh: tuple[int, int]) -> "PanelFrame":
        """The frame of a cut-out of this panel: ``panel_from_inner`` scales and shifts only."""
        scale, shift = np.diag(panel_from_inner)[:2], panel_from_inner[:2, 2]
        displacement = self.displacement and self.displacement.rescaled(tuple(shift), tuple(scale))
        return PanelFrame(self.photo_from_panel @ panel_from_inner, inner_wh, displacement)

    def turned(self, quarter_turns: int) -> "PanelFrame":
        """The frame of the panel raster turned clockwise by so many quarters, as ``numpy.rot90(ink, -n)`` does."""
        frame = self
        for _ in range(quarter_turns % 4):
            width, height = frame.panel_wh
            back = np.array([[0, 1, 0], [-1, 0, height], [0, 0, 1]], dtype=np.float64)
            displacement = frame.displacement and frame.displacement.turned(height)
            frame = PanelFrame(frame.photo_from_panel @ back, (height, width), displacement)
        return frame

    def to_json(self) -> dict[str, object]:
        """Plain values that :meth:`from_json` makes the same frame of."""
        displacement = self.displacement and {
            "origin_xy": list(self.displacement.origin_xy),
            "step_xy": list(self.displacement.step_xy),
            "shifts_xy": self.displacement.shifts_xy.tolist(),
        }
        return {
            "photo_from_panel": self.photo_from_panel.tolist(),
            "panel_wh": list(self.panel_wh),
            "mesh": displacement,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PanelFrame":
        """The frame that :meth:`to_json` wrote."""
        displacement = values["mesh"] and DisplacementField(
            tuple(values["mesh"]["origin_xy"]),
            tuple(values["mesh"]["step_xy"]),
            np.array(values["mesh"]["shifts_xy"], dtype=np.float64),
        )
        matrix = np.array(values["photo_from_panel"], dtype=np.float64)
        return cls(matrix, tuple(values["panel_wh"]), displacement)


def _project(matrix: FloatArray, points_xy: npt.ArrayLike) -> FloatArray:
    points = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    result: FloatArray = mapped[:, :2] / mapped[:, 2:]
    return result


def _box_corners(boxes_xyxy: npt.ArrayLike) -> FloatArray:
    boxes = np.asarray(boxes_xyxy, dtype=np.float64).reshape(-1, 4)
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
