"""Rows of trainings, of the bundles that were made active, and of folds that never move."""
