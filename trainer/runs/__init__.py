"""The folder of one training run and the files in it; loads no network."""
