"""The way in and out of the store: exchange formats, archives, and digital records."""
