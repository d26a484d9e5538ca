"""Fits the network that finds handwriting."""
