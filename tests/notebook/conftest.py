"""What a kernel gets of this machine."""

from tests.support.notebooks import environment

__all__ = ["environment"]
