"""The printed grid: its scale, how it runs and where it ends; a photo is straightened by it.

``Photo.grid`` in ``ecgcore.page.photo`` is where scale and area of a photo's grid are asked for. It looks in two ways:

rectify             first: a tilted, turned or bent page is straightened by its grid, with the help of
  directions        which way the lines run in each part, and the perspective that makes them run so
  displacement_fit  what the perspective leaves: the smooth displacement of a bent page
  extent            on which line the grid ends on each side
scale               else, on a page that is straight already: pixels in a millimetre, from the period of the lines;
                    ``ecgcore.page.panel`` then finds the area. ``rectify`` uses it too, between its two steps
"""

GRID_PX_PER_MM = 4
"""Scale of the picture in which phases are read."""
CELL_PX = 5 * GRID_PX_PER_MM
"""One cell is one period of the 5 mm lines and five of the 1 mm lines: every other harmonic cancels in it."""
