"""Photographs papersim's pages, with the exact way of every point."""
