"""Training: from pages and labels to a bundle with figures."""
