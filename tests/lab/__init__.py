"""Private Asterisks and telephones for the tests: a PBX of its own for everyone who needs one."""
