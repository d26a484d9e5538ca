"""Whose pages these are, and the groups that stay on one side of a split."""
