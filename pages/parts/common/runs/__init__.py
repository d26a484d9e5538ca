"""Trainings in words, plots and tables."""
