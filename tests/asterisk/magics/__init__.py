"""`%ast` in an IPython, on a real Asterisk."""
