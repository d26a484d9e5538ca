"""Digital ECGs of other programs become ``Recording``: one module a format, one door (``recordings.read``)."""
