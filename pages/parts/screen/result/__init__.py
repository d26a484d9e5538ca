"""One screened page: its verdict, its picture, its beats and its measurements."""
