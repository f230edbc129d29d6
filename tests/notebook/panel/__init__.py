"""The panel's kernel side, on the demo."""
