"""This session's pages: those that wait, and the worker that screens them."""
