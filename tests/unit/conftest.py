"""What the tests of this folder share: sessions that wait a moment for Asterisk to have booted."""

from __future__ import annotations

import pytest

from ast_notebook.ami import reader


@pytest.fixture(autouse=True)
def soon_booted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait for FullyBooted, which few of the scripted PBXs send."""
    monkeypatch.setattr(reader, "BOOT_TIMEOUT", 0.05)
