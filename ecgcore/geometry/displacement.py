"""A smooth displacement of the plane, as a lens and bent paper make it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class DisplacementField:
    """A smooth displacement of the plane: a tensor-product cubic B-spline (Rueckert et al. 1999, IEEE TMI 18:712).

    Args:
        origin_xy: where the spline begins; outside its extent the displacement stays that of the border.
        step_xy: distance of its knots.
        shifts_xy: coefficients ``[rows, columns, 2]``, at least 4 by 4; three more each way than there are cells.
    """

    origin_xy: tuple[float, float]
    step_xy: tuple[float, float]
    shifts_xy: npt.NDArray[np.float64]

    def at(self, points_xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Displacement at points, ``[n, 2]`` to ``[n, 2]``."""
        across, down = (self.weights(axis, points_xy[:, axis]) for axis in (0, 1))
        result: npt.NDArray[np.float64] = np.einsum("nr,nc,rcd->nd", down, across, self.shifts_xy, optimize=True)
        return result

    def on_grid(self, xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Displacement at every crossing, ``[len(ys), len(xs), 2]``."""
        across, down = self.weights(0, xs), self.weights(1, ys)
        return np.stack([down @ self.shifts_xy[..., axis] @ across.T for axis in (0, 1)], axis=-1)

    def weights(self, axis: int, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Weight of every coefficient along an axis, ``[n]`` to ``[n, columns or rows]``."""
        from scipy.interpolate import BSpline  # only now: most that know a frame never bend one

        count = self.shifts_xy.shape[1 - axis]
        if not len(values):  # no boxes on a bent page: SciPy takes no empty list of places
            return np.zeros((0, count))
        at = np.clip((values - self.origin_xy[axis]) / self.step_xy[axis], 0.0, count - 3)
        return np.asarray(BSpline.design_matrix(at, np.arange(-3.0, count + 1), 3).toarray(), dtype=np.float64)

    def rescaled(self, offset_xy: tuple[float, float], scale_xy: tuple[float, float]) -> "DisplacementField":
        """The same displacement in coordinates ``(old - offset) / scale``."""
        origin = tuple((o - c) / s for o, c, s in zip(self.origin_xy, offset_xy, scale_xy, strict=True))
        step = tuple(d / s for d, s in zip(self.step_xy, scale_xy, strict=True))
        return DisplacementField(origin, step, self.shifts_xy / np.asarray(scale_xy))  # type: ignore[arg-type]

    def turned(self, height: float) -> "DisplacementField":
        """The same displacement after a quarter turn clockwise of a picture ``height`` high."""
        rows = self.shifts_xy.shape[0]
        shifts = self.shifts_xy.transpose(1, 0, 2)[:, ::-1, ::-1] * (-1, 1)
        end = self.origin_xy[1] + (rows - 3) * self.step_xy[1]
        return DisplacementField((height - end, self.origin_xy[0]), (self.step_xy[1], self.step_xy[0]), shifts)
