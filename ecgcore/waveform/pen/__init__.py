"""Where inside its ink the pen ran: a small network and the path that it finds."""
