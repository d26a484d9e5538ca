"""The starter bundle, from public data sets: rendered signals first, then real pages on top."""
