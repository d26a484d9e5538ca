"""What goes when a patient is erased: files, rows that name the pages, and the bytes of both."""
