"""What is written for people and for other programs: files, cells of a CSV, text on a terminal, how far work is."""
