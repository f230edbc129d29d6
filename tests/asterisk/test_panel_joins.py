"""A call from one real Asterisk to another is one call in a panel of both, by its Call-ID."""

from __future__ import annotations

from typing import Any

import pytest

import ast_notebook
from ast_notebook import SmartHome
from ast_notebook.ami import Secret, Settings
from ast_notebook.panel import Panel, close_all
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.panel_kernel import Page
from tests.support.waiting import eventually


def call_over(sh: SmartHome, there: Asterisk) -> None:
    """Have the first PBX call 600 of the other one, as its telephone 30, and play a tone to it."""
    sh.ast.action(
        "Originate",
        Channel=f"PJSIP/30/sip:600@127.0.0.1:{there.sip_port}",
        CallerID="Kitchen <30>",
        Exten="600",
        Context="phones",
        Priority=1,
        Async="true",
    )


def joined(page: Page) -> dict[str, Any]:
    """The calls of the channels that are on both PBXs, by PBX."""
    rows = page.rows("channels").values()
    return {row["pbx"]: row["call"] for row in rows if row.get("joined") == "surely"}


def test_a_call_between_two_asterisks_is_surely_one(monkeypatch: pytest.MonkeyPatch) -> None:
    require(22)
    with Asterisk(22) as one, Asterisk(22) as other:
        secret = Secret(one.password)
        with ast_notebook.connect(one.host, one.port, username=one.panel, password=secret) as sh:
            settings = Settings(
                host=other.host, port=other.port, username=other.panel, password=secret
            )
            sh.connect(settings, name="berlin")
            page = Page(Panel(sh, "all", refresh_hz=20), monkeypatch)
            page.look()
            call_over(sh, other)
            both = eventually(lambda: joined(page) if len(joined(page)) == 2 else None)
            assert both.keys() == {"ast", "berlin"} and len(set(both.values())) == 1
            # A second call of the same telephone to the same number is another one.
            call_over(sh, other)
            eventually(lambda: len(page.rows("channels")) == 4)
            groups = eventually(lambda: by_call(page) if len(by_call(page)) == 2 else None)
            assert [sorted(group) for group in groups.values()] == 2 * [["ast", "berlin"]]
            assert page.panel._feed.snapshot()["connection"]["calls"] == 2
            close_all()


def by_call(page: Page) -> dict[str, list[str]]:
    """The PBXs of the channels of each joined call."""
    found: dict[str, list[str]] = {}
    for row in page.rows("channels").values():
        if row.get("joined") == "surely":
            found.setdefault(row["call"], []).append(row["pbx"])
    return found if all(len(pbxs) == 2 for pbxs in found.values()) else {}
