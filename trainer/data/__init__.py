"""Pages to learn from: where they come from, how they are prepared, and how they are divided."""
