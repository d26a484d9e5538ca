"""Screening core: picture in, prediction out; no user interface, no store, no training."""
