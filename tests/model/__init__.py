"""A small switchboard that writes what Asterisk 16 and 22 write of calls that nobody made."""
