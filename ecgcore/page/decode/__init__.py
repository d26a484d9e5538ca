"""A file's bytes become upright RGB pictures, or a reason why they cannot."""
