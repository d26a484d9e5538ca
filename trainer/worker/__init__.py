"""The training that runs as a process of its own."""
