"""Traces on the standard panel raster: their rows, the columns of leads, and strokes that run on as traces do."""
