"""The app: thin pages of widgets, one call into a package, and display."""
