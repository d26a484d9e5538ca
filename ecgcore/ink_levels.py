"""Where ink and print begin: every level in one table, with what it is applied to and what rests on it.

Ink is 0 for paper and 255 for full pen. The levels differ since they ask different things (is there any pen, is it a
stroke, may it link two strokes) and since weights were fitted on what some of them measure. None may be moved to
another's value without fitting anew and running the benchmarks that are named. Where no measurement is named none is on
record: the level was set on drawn pages and kept.
"""

PEN_INK = 30
"""Standard raster, rows of trace: ink from here on is taken for pen; the raster holds nothing fainter but the soft
edges of strokes. The pen's network (``fits/pen.py``) reads the rows that rest on it;
``benchmarks/page/similar_beats.py`` and ``benchmarks/page/digitised_signal.py`` measure them."""

KEPT_INK, KEPT_CORE_INK = 45, 110
"""Standard raster, ``keep_strokes``: hysteresis. Ink above the first stays where it is connected to ink above the
second. All networks are trained on what it leaves."""

LINK_INK, PEAK_INK = 50, 127
"""Standard raster, R peaks: above the second a pixel belongs to the trace, above the first it may link two parts of it.
Half of the full pen, so that a peak's place does not depend on the pen's width."""

MARK_INK = 60
"""Standard raster, letters and ruled lines. The shares of ``ecgcore/traces/strokes.py`` were set with it, on
31 photos."""

STROKE_INK = 80
"""Standard raster, whole strokes: the gate's features, its traces, and pulses where a page's way up is asked. The
gate's weights are fitted on it (``fits/page_gate/weights.py``, 500 drawings and 500 records and artificial ECGs) and
reported by ``benchmarks/page/gate.py``; the orientation by ``benchmarks/page/orientation.py``."""

FOUND_INK = 77
"""A picture's own pixels, before it is scaled: traces and calibration pulses of pages without a grid, the scale of
which hangs on it. 0.3 of the full pen, as it was set when ink was a share; ``tests/ecgcore/page/test_prepare.py`` holds
pulses with soft edges to it."""

LINE_DARKNESS = 12.0, 40.0
"""Darkness (0 to 255) before it is flattened: from here on a pixel may belong to a printed line, on clean and on noisy
paper. ``grid_panel`` takes what the paper's own noise asks for between the two."""

MARK_DARKNESS = 0.05
"""Darkness as a share of 255, before it is flattened: below it a pixel counts as paper when the colours of grid and pen
are read."""
