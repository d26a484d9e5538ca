"""Bundles against labelled pages, alone or two of them side by side."""
