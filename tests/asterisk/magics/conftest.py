"""An IPython with `%ast`."""

from tests.support.magics import ring, shell

__all__ = ["ring", "shell"]
