"""`%ast` in an IPython, on the demo."""
