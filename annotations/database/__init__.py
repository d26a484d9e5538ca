"""The database: connections to it, and values that its rows keep as JSON."""
