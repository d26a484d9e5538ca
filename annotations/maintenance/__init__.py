"""Care of the data folder: backup, check, and erasing a patient for good."""
