"""The callers who wait for a call, as a panel's rows, and when they are computed anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from ast_notebook.asterisk.call_log import CallLog
from ast_notebook.calls import measures
from ast_notebook.errors import ConfError
from ast_notebook.numbering import Numbering
from ast_notebook.panel import unreturned
from ast_notebook.panel.unreturned import NO_TRUNK, Unreturned, caution, dialled
from ast_notebook.recording import Record
from ast_notebook.views import shown_calls, shown_unreturned
from tests.support.waiting import eventually

BERLIN = Numbering("DE", "0")
NOON = pd.Timestamp("2026-11-23 12:00", tz="UTC")


def call(minute: int, caller: str, dialled: str, disposition: str, **more: Any) -> dict[str, Any]:
    """Return a call that began some minutes after noon."""
    direction = "outbound" if caller == "200" else "inbound"
    row = {"caller_name": None, "answered_by": None, "queue": None, "caller": caller}
    row |= {"dialled": dialled, "disposition": disposition, "direction": direction}
    return {**row, "start": NOON + pd.Timedelta(minutes=minute), **more}


CALLS = [
    call(0, "030 123", "2222", "NO ANSWER", caller_name="Ann", queue="support"),
    call(1, "030 456", "2222", "BUSY"),
    call(5, "030 123", "2222", "ABANDONED"),
    call(7, "200", "030 123", "NO ANSWER"),
    call(8, "200", "030 123", "BUSY"),
    call(9, "200", "030 123", None),  # type: ignore[arg-type]
    call(9, "200", "030 456", "ANSWERED"),
    call(10, "anonymous", "2222", "NO ANSWER"),
]


class Pbx:
    """A PBX with a call log, as far as the list knows one."""

    def __init__(self, *calls: dict[str, Any]) -> None:
        self.trunks: tuple[str, ...] | None = ("PJSIP/provider",)
        self.numbering = Numbering()
        self.log = list(calls)
        self.looks = 0
        self.error: Exception | None = None

    def unreturned(self) -> Any:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return shown_unreturned(measures.unreturned(pd.DataFrame(self.log), None))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Unreturned]:
    monkeypatch.setattr(unreturned, "GATHERED", 0.05)
    monkeypatch.setattr(unreturned, "REST", 0)
    shown = Unreturned()
    yield shown
    shown.close()


def rows(shown: Unreturned, pbx: Pbx) -> dict[str, Any]:
    return dict(shown.rows_of(pbx))  # type: ignore[arg-type]


def test_whoever_waits_has_a_row(shown: Unreturned) -> None:
    pbx = Pbx(*CALLS)
    (row,) = eventually(lambda: rows(shown, pbx)).values()
    assert row == {
        "caller": "030 123",
        "caller_name": "Ann",
        "queue": "support",
        "tries": 2,
        "first": NOON.timestamp(),
        "last": NOON.timestamp() + 300,
        "note": "called back 2 times in vain; perhaps reached: the outcome of 1 call is unknown",
        "dial": "030123",
        "caution": "",
    }


def test_whoever_was_called_back_leaves_after_the_end_of_the_call(shown: Unreturned) -> None:
    pbx = Pbx(*CALLS)
    eventually(lambda: rows(shown, pbx))
    pbx.log.append(call(20, "200", "030 123", "ANSWERED"))
    for _ in range(20):
        assert rows(shown, pbx)  # nobody looks again before a call has ended
    assert pbx.looks == 1
    shown.note_end()
    eventually(lambda: not rows(shown, pbx))
    assert pbx.looks == 2 and not shown.why


def test_nothing_is_computed_where_no_trunk_is_known(shown: Unreturned) -> None:
    pbx = Pbx(*CALLS)
    pbx.trunks = None
    assert not rows(shown, pbx) and shown.why == NO_TRUNK
    shown.settle(30)
    assert not pbx.looks
    pbx.trunks = ("PJSIP/provider",)
    eventually(lambda: rows(shown, pbx) and not shown.why)
    pbx.trunks = None
    assert not rows(shown, pbx) and shown.why == NO_TRUNK


def test_other_settings_are_used_at_once(
    shown: Unreturned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreturned, "GATHERED", 1e6)
    pbx = Pbx(*CALLS)
    eventually(lambda: rows(shown, pbx))
    pbx.numbering = BERLIN
    eventually(lambda: rows(shown, pbx)["030 123"]["dial"] == "0030123")
    shown.note_end()
    for _ in range(20):
        rows(shown, pbx)
    assert pbx.looks == 2  # a call has ended, and the others that may end now are waited for


def test_an_error_is_told(shown: Unreturned, caplog: pytest.LogCaptureFixture) -> None:
    pbx = Pbx(*CALLS)
    pbx.error = ConfError("no call has a direction")
    rows(shown, pbx)
    eventually(lambda: shown.why == "no call has a direction")
    pbx.error = ValueError("no such column")
    shown.note_end()
    eventually(lambda: not rows(shown, pbx) and "no such column" in shown.why)
    eventually(lambda: "who waits for a call is not known" in caplog.text)
    pbx.error = None
    shown.note_end()
    eventually(lambda: rows(shown, pbx) and not shown.why)


def test_the_number_of_rows_is_bounded_and_the_rest_is_counted(
    shown: Unreturned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreturned, "MOST", 3)
    pbx = Pbx(*(call(n, f"03000{n}", "2222", "NO ANSWER") for n in range(5)))
    eventually(lambda: list(rows(shown, pbx)) == ["030000", "030001", "030002"])
    assert shown.why.startswith("2 more callers wait")


@pytest.mark.parametrize(
    ("caller", "numbering", "wanted"),
    [
        ("030 12-34 (5)", Numbering(), "0301234" + "5"),
        ("+49 30 123456", Numbering(), "+4930123456"),
        ("030 123456", Numbering(outside="0"), "0030123456"),
        ("+49 30 123456", BERLIN, "0030123456"),
        ("0033 1 42 68 53 00", BERLIN, "00033142685300"),
        ("200", Numbering(), "200"),
        ("*21*0900123", Numbering(), ""),
        ("#31#030123", Numbering(), ""),
        ("anonymous1", Numbering(), ""),
        ("030123&SIP/200", Numbering(), ""),
        ("1" * 100, Numbering(), ""),
        ("٣٤٥٦", Numbering(), ""),
    ],
)
def test_what_is_dialled_is_a_number_of_the_site(
    caller: str, numbering: Numbering, wanted: str
) -> None:
    assert dialled(caller, numbering) == wanted


@pytest.mark.parametrize(
    ("caller", "wanted"),
    [
        ("030 123456", ""),
        ("0900 1234567", "a number with a tariff of its own (premium)"),
        ("+216 71 123 456", "a number abroad (TN)"),
        ("+882 1355512345", "a number abroad"),  # a network of no country
        ("+44 701234567", "a number abroad"),  # in no plan, as a number that somebody made up
        ("00979 12345", "a number abroad"),
        ("+49 151 123456", ""),
        ("200", ""),
    ],
)
def test_numbers_that_swindlers_ring_from_are_told(caller: str, wanted: str) -> None:
    assert caution(caller, BERLIN) == wanted
    assert not caution(caller, Numbering())


def test_nobody_waits_while_the_only_call_has_no_direction_yet(monkeypatch):
    """A telephone that rings because the PBX was asked to call has no caller and no direction."""
    begun = pd.DataFrame([call(0, None, None, None, direction=None)]).astype({"direction": "str"})  # type: ignore[arg-type]
    log = CallLog("ast", Record())
    monkeypatch.setattr(log, "calls", lambda **_: shown_calls(begun))
    with pytest.raises(ConfError, match="no call has a direction"):
        log.unreturned()
    log.trunks = ("PJSIP/provider",)
    assert log.unreturned().empty, "trunks are named, so there is nothing to advise"
