"""A real Asterisk of each version for all tests that need no other settings."""

from tests.lab.fixtures import asterisk16, asterisk22, pbx
from tests.support.notebooks import environment

__all__ = ["asterisk16", "asterisk22", "environment", "pbx"]
