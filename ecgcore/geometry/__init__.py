"""Geometry of photos and panels: a smooth displacement of the plane, and the one resampler."""
