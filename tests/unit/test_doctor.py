"""What the doctor makes of what a PBX says."""

from __future__ import annotations

from datetime import date

import pytest

import ast_notebook
from ast_notebook.doctor import Examination, Finding, examine
from ast_notebook.doctor.finding import Level
from ast_notebook.doctor.versions import end_of_life, major
from tests.support.examined import whats
from tests.support.fake_manager import Client, FakeManager


@pytest.mark.parametrize("wait", ["²", "9" * 5000, "-1"])
def test_a_number_that_is_none_is_no_reason_to_fail(wait: str) -> None:
    def script(client: Client, action: dict[str, str]) -> None:
        told = {
            "GetConfig": (
                "Category-000000: admin",
                "Line-000000-000000: secret=x",
                f"Line-000000-000001: writetimeout={wait}",
            ),
            "CoreSettings": (f"AsteriskVersion: {wait}.1",),
            "Getvar": (f"Value: {wait} +0000",),
        }
        client.ok(action, *told.get(action["Action"], ()))

    with (
        FakeManager(script) as fake,
        ast_notebook.connect("127.0.0.1", fake.port, password="x", timeout=5) as sh,
    ):
        assert "does not read for 100 ms" in whats(examine(sh.ast))


def test_rights_that_some_add_and_others_take_are_joined() -> None:
    rights = {"write": frozenset({"call", "config"})}
    findings = (
        Finding(Level.MISSING, "a", "b", "manager.conf", "x", ("write = call,config,agent",)),
        Finding(Level.UNSAFE, "a", "b", "manager.conf", "x", ("write = call",)),
    )
    lines = Examination("ast", "", findings, rights=rights).fix_lines()
    assert "write = call,agent\n" in lines


@pytest.mark.parametrize(
    ("version", "number", "end"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", 22, date(2029, 10, 16)),
        ("16.28.0~dfsg-0+deb11u4", 16, date(2023, 10, 9)),
        ("certified/20.7-cert4", 20, None),
        ("1.8.32.3", 1, date(2019, 10, 24)),
        ("GIT-master-abc", None, None),
        ("99.1.0", 99, None),
    ],
)
def test_the_end_of_an_asterisk_is_known(
    version: str, number: int | None, end: date | None
) -> None:
    assert (major(version), end_of_life(version)) == (number, end)
