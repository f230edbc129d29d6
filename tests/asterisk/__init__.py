"""What needs a real Asterisk 16 or 22 (`tests.lab`)."""
