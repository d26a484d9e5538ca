"""From what the networks say of a page to an answer."""
