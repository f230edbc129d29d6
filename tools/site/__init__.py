"""Builds the documentation site out of `docs/`, the docstrings, and the help of the magics."""
