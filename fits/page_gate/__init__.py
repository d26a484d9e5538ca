"""Fits the weights of the gate: which pictures are ECGs."""
