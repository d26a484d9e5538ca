"""From a picture to a page that networks can read: panel, scale, orientation and ink.

decode                         a file's bytes become upright pictures
prepare                        the door: tries the ways to read a picture, and takes the clearest page
photo                          a picture, and what several ways look at: its grid (``Photo.grid``), sheet, darkness
grid                           the printed grid: its scale, how it runs, where it ends; straightens photos by it
panel, gridless                where the traces are: in the grid's area, or told by the traces alone
sheet, corners                 the paper on a desk; the corners that a person set
ink                            takes out paper, shade and grid, and leaves the pen
standard_panel, orientation    the raster that networks see, the right way up
quality                        refuses what is no ECG, and names a page's faults
candidate                      compares the pages that were read, and takes the best
pulses, printed_text, crop     calibration pulses; print on a panel; a photo cut down to its traces
"""
