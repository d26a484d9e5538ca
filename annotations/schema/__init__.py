"""The database's tables, the rules that hold in them, and the way up from every older form."""
