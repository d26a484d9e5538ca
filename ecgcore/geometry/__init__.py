"""Geometry of photos and panels: names of arrays, boxes, the frame of a panel, and the one resampler."""

STANDARD_PX_PER_MM = 4.0
"""Resolution of the standard panel raster, the only picture that a network is ever cut from."""
