"""Fits the network that finds lead names."""
