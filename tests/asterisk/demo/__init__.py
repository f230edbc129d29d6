"""The demo is held to real Asterisks."""
