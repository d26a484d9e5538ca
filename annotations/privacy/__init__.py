"""What may be kept of a page, and what is redacted for ever."""
