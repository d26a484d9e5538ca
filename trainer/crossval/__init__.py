"""All stages on one split, honest cross-validation, and the final training."""
