"""Networks that see a page in a way of their own."""
