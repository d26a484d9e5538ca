"""Work on the processors of many machines, by Ray."""
