"""Asterisk's own database, whose keys are paths: ``/family/key``."""

from __future__ import annotations


def is_below(key: str, prefix: str) -> bool:
    """Tell whether a key is another one or below it; every key is below the empty one."""
    return not prefix or key == prefix or key.startswith(f"{prefix}/")
