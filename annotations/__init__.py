"""The store of pictures, corrections and labels."""
