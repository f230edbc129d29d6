"""What a user has before the demo: an IPython, a kernel, or a whole notebook."""
