"""Measurements: a page's leads in millivolts -> rate, rhythm, intervals, heights, axis and sums, with their units."""
