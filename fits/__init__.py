"""Fits of the small networks and the gate whose weights ship with ``ecgcore``."""
