"""The store of pictures, corrections and labels (its pages come with the Annotate work)."""
