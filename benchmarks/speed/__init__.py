"""How long screening, drawing and training take."""
