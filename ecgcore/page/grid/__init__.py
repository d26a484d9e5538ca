"""The printed grid: its scale, how it runs and where it ends; a photo is straightened by it."""

GRID_PX_PER_MM = 4
"""Scale of the picture in which phases are read."""
CELL_PX = 5 * GRID_PX_PER_MM
"""One cell is one period of the 5 mm lines and five of the 1 mm lines: every other harmonic cancels in it."""
