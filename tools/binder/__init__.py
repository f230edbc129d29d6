"""Rehearses what Binder does with this repository: see `python -m tools.binder`."""
