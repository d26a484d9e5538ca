"""How well pages are read, measured and screened."""
