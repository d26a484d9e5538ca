"""Pictures: on their way in, on disk, and whether two of them show the same page."""
