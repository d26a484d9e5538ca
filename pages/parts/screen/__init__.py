"""What the Screen page is made of."""
