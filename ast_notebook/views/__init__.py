"""Frames that show what a person looks for first."""
