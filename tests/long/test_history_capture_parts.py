"""Captures that overlap, that are of an old Asterisk, or that lost their empty lines."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.history import history
from ast_notebook.errors import ConfError
from ast_notebook.recording.columns import batch_of, frame

BEGUN = 1_715_072_400


def event(name: str, at: float, **headers: object) -> str:
    head = f"Event: {name}\r\nPrivilege: call,all\r\nTimestamp: {BEGUN + at:.6f}\r\n"
    return head + "".join(f"{key}: {value}\r\n" for key, value in headers.items()) + "\r\n"


def channel(number: str, serial: int, exten: str = "", state: str = "Ring") -> dict[str, object]:
    return {
        "Channel": f"PJSIP/{number}-0000000{serial}",
        "ChannelStateDesc": state,
        "CallerIDNum": number,
        "Exten": exten,
        "Uniqueid": f"{BEGUN}.{serial}",
        "Linkedid": f"{BEGUN}.1",
    }


ONE, TWO = channel("6101", 1, "6102"), channel("6102", 2)
BOTH = ONE | {f"Dest{key}": value for key, value in TWO.items()}
#: 6101 calls 6102, who answers after four seconds; they talk for five.
CALL = [
    event("Newchannel", 0, **ONE),
    event("Newchannel", 1, **TWO),
    event("DialBegin", 1, **BOTH, DialString="6102"),
    event("Newstate", 4, **TWO | {"ChannelStateDesc": "Up"}),
    event("DialEnd", 4, **BOTH, DialStatus="ANSWER"),
    event("Newstate", 4, **ONE | {"ChannelStateDesc": "Up"}),
    event("BridgeEnter", 4, BridgeUniqueid="b", **TWO),
    event("BridgeEnter", 4, BridgeUniqueid="b", **ONE),
    event("BridgeLeave", 9, BridgeUniqueid="b", **ONE),
    event("BridgeLeave", 9, BridgeUniqueid="b", **TWO),
    event("Hangup", 9, **TWO, Cause=16),
    event("Hangup", 9, **ONE, Cause=16),
]
A = {"Channel": "SIP/6101-00000001", "Uniqueid": f"{BEGUN}.1"}
B = {"Channel": "SIP/6102-00000002", "Uniqueid": f"{BEGUN}.2"}
PAIR = {"Channel1": A["Channel"], "Channel2": B["Channel"]} | {
    "Uniqueid1": A["Uniqueid"],
    "Uniqueid2": B["Uniqueid"],
}
#: The same call, as an Asterisk up to 11 tells of it.
OLD = [
    event("Newchannel", 0, **A, ChannelStateDesc="Down", CallerIDNum="6101", Exten="6102"),
    event("Newstate", 0, **A, ChannelStateDesc="Ring", CallerIDNum="6101"),
    event("Newchannel", 1, **B, ChannelStateDesc="Down", CallerIDNum="", Exten=""),
    event(
        "Dial",
        1,
        SubEvent="Begin",
        Channel=A["Channel"],
        Destination=B["Channel"],
        UniqueID=A["Uniqueid"],
        DestUniqueID=B["Uniqueid"],
        Dialstring="6102",
    ),
    event("Newstate", 4, **B, ChannelStateDesc="Up", CallerIDNum="6102"),
    event("Newstate", 4, **A, ChannelStateDesc="Up", CallerIDNum="6101"),
    event("Bridge", 4, Bridgestate="Link", Bridgetype="core", **PAIR),
    event("Unlink", 9, **PAIR),
    event("Hangup", 9, **B, Cause=16),
    event("Dial", 9, SubEvent="End", Channel=A["Channel"], UniqueID=A["Uniqueid"], DialStatus="A"),
    event("Hangup", 9, **A, Cause=16),
]


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def the_call(calls: pd.DataFrame) -> tuple[object, ...]:
    (row,) = calls.to_dict("records")
    assert row["start"] == pd.Timestamp(BEGUN, unit="s", tz="UTC")
    return tuple(row[name] for name in ("disposition", "talk", "billsec", "legs", "caller"))


EXPECTED = ("ANSWERED", 5.0, 5.0, 2, "6101")


@pytest.mark.parametrize("again", [0, 5])
def test_events_of_captures_that_overlap_count_once(tmp_path: Path, again: int) -> None:
    path = written(tmp_path / "capture", "".join(CALL + CALL[again:]))
    twice = len(CALL) - again
    with pytest.warns(UserWarning, match=f"{twice} records repeat earlier ones"):
        past = history(path)
    assert the_call(past.calls) == EXPECTED
    assert (past.records, past.bad_count) == (len(CALL) + twice, 0)


@pytest.mark.parametrize("engine", ["pandas", "polars", "arrow", "duckdb"])
def test_a_channel_that_is_told_of_twice_is_in_one_row_of_calls(engine: str) -> None:
    texts = [one.removesuffix("\r\n\r\n") for one in CALL]
    events = frame([batch_of(texts + texts, [0] * 2 * len(texts))], "ast")
    events = events[["time", "event", *(c for c in events if c not in ("time", "event"))]]
    plain = events.astype({c: "str" for c in events if c not in ("time", "received")})
    given = {
        "pandas": lambda: plain,
        "polars": lambda: pytest.importorskip("polars").from_pandas(plain),
        "arrow": lambda: pytest.importorskip("pyarrow").Table.from_pandas(plain),
        "duckdb": lambda: duckdb.from_df(plain),
    }[engine]()
    assert len(from_events(given)) == 1


@pytest.mark.parametrize("greeting", ["Asterisk Call Manager/1.1\r\n", ""])
def test_a_capture_of_an_asterisk_up_to_11_gives_its_calls(tmp_path: Path, greeting: str) -> None:
    path = written(tmp_path / "capture", greeting + "".join(OLD))
    with pytest.warns(UserWarning, match="this PBX is an Asterisk up to 11"):
        past = history(path)
    assert the_call(past.calls) == EXPECTED
    assert (past.records, past.bad_count) == (len(OLD), 0)


def test_a_capture_of_an_old_asterisk_on_which_nobody_dials_gives_its_calls(tmp_path: Path) -> None:
    alone = [one for one in OLD if A["Uniqueid"] in one and B["Uniqueid"] not in one]
    with pytest.warns(UserWarning, match="this PBX is an Asterisk up to 11"):
        past = history(written(tmp_path / "capture", "".join(alone)))
    assert len(past.calls) == 1


def test_a_capture_without_its_empty_lines_has_bad_records_and_no_calls(tmp_path: Path) -> None:
    jammed = "".join(CALL).replace("\r\n\r\n", "\r\n")
    with pytest.raises(ConfError, match=r"no events .*: line 1: there is no empty line"):
        history(written(tmp_path / "capture", jammed))
    later = [one.replace(f"{BEGUN}.", f"{BEGUN + 60}.") for one in CALL]
    past = history(written(tmp_path / "capture", jammed + "\r\n" + "".join(later)))
    assert (len(past.calls), past.bad_count, past.records) == (1, len(CALL), 2 * len(CALL))
    lines = CALL[0].count("\r\n")
    assert past.bad["line"].tolist()[:2] == [1, lines]
