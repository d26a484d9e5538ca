"""Fits the network that tells which way up a page lies."""
