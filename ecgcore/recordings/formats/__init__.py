"""One module a file format of digital ECGs, each making a `Recording` of a file."""
