"""Figures with intervals over groups, and the calibration of probabilities."""
