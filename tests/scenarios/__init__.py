"""Calls played on a real Asterisk, each with the truth about it written beside."""
