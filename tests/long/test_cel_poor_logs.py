"""Channel event logs that tell less than we like, are damaged, or are of Asterisk 1.8 to 11."""

from __future__ import annotations

import itertools
import json
import random
import time
from pathlib import Path

import pytest

from ast_notebook.calls.history import cel_kinds as kinds
from ast_notebook.calls.history import history
from tests.support.cel_rows import (
    BEGIN,
    A,
    B,
    Line,
    Who,
    answered,
    bridge,
    call,
    calls,
    dialled,
    ends,
    gone,
    line,
    over,
    read,
    refused,
    text,
    who,
)

TALKED = [*dialled(), *answered(), *over()]
NAMES = [
    "eventtype", "eventtime", "cid_name", "cid_num", "cid_ani", "cid_rdnis", "cid_dnid", "exten",
    "context", "channame", "appname", "appdata", "amaflags", "accountcode", "uniqueid", "linkedid",
]  # fmt: skip
PEER, EXTRA = 16, 19


def without(lines: list[Line], *columns: int) -> list[Line]:
    return [["" if number in columns else cell for number, cell in enumerate(row)] for row in lines]


def only(lines: list[Line], *kinds: str) -> list[Line]:
    return [row for row in lines if row[0] in kinds]


FEW = ("CHAN_START", "ANSWER", "HANGUP", "CHAN_END")


# --- what is not logged ----------------------------------------------------------------------


@pytest.mark.parametrize("columns", [(EXTRA,), (PEER,), (PEER, EXTRA)])
def test_two_of_a_call_in_bridges_at_once_talk(tmp_path: Path, columns: tuple[int, ...]) -> None:
    found = call(tmp_path, without(TALKED, *columns))
    assert (found["disposition"], found["talk"], found["answered_by"]) == ("ANSWERED", 5, "6102")
    assert found["hangup_by"] == (None if EXTRA in columns else "caller")
    assert found["cause"] == (None if EXTRA in columns else 16)


def test_columns_that_are_not_there_are_like_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(text([NAMES, *(row[:16] for row in TALKED)]))
    (found,) = history(path, tz="UTC").calls.to_dict("records")
    assert (found["disposition"], found["talk"]) == ("ANSWERED", 5)


def test_without_bridges_the_answers_tell_who_talked_but_not_how_long(tmp_path: Path) -> None:
    found = call(tmp_path, only(TALKED, *FEW))
    assert (found["disposition"], found["answered_by"]) == ("ANSWERED", "6102")
    assert (found["talk"], found["billsec"], found["hangup_by"]) == (None, 5, "caller")
    assert (found["answered"] - found["start"]).total_seconds() == 4


def test_without_bridges_a_caller_of_a_menu_has_talked_when_the_dial_says_so(
    tmp_path: Path,
) -> None:
    menu = line("ANSWER", 0.5, A, app="Answer", exten="6102")
    lines = [row for row in only(TALKED, *FEW) if row[0] != "ANSWER" or row[9] != A.name]
    found = call(tmp_path, [menu, *lines])
    assert (found["disposition"], found["answered_by"]) == ("ANSWERED", "6102")
    assert (found["answered"], found["billsec"]) == (None, 8.5)
    unknown = call(tmp_path, without([menu, *lines], EXTRA))
    assert (unknown["disposition"], unknown["answered_by"]) == (None, None)


def test_without_bridges_who_was_never_answered_has_not_talked(tmp_path: Path) -> None:
    """6102 answers, is asked, and does not accept: the caller's channel never comes up."""
    lines = [
        *dialled(),
        line("ANSWER", 4, B, app="AppDial", exten="6102"),
        *ends(7, B, gone(16), app="AppDial"),
        *ends(7, A, gone(16, "dialplan/builtin", "ANSWER"), exten="6102"),
    ]
    assert call(tmp_path, lines)["disposition"] == "NO ANSWER"


def test_without_extra_nobody_knows_why_it_was_not_answered(tmp_path: Path) -> None:
    for lines in (refused(17, "BUSY"), refused(16, "NOANSWER"), refused(16, "CANCEL")):
        found = call(tmp_path, without(lines, EXTRA))
        assert (found["disposition"], found["hangup_by"]) == (None, None)
        assert (found["cause"], found["ring"], found["billsec"]) == (None, 3, 0)


def test_without_extra_a_menu_is_a_menu_and_a_mailbox_a_mailbox(tmp_path: Path) -> None:
    for app, disposition in (("Answer", "IVR"), ("VoiceMail", "VOICEMAIL")):
        lines = [
            line("CHAN_START", 0, A, exten="930"),
            line("ANSWER", 0, A, app=app, exten="930"),
            *ends(5, A, exten="930"),
        ]
        assert call(tmp_path, lines)["disposition"] == disposition


def test_without_ends_a_call_is_still_up(tmp_path: Path) -> None:
    found = call(tmp_path, [*dialled(), *answered()])
    assert (found["disposition"], found["end"], found["talk"]) == ("ANSWERED", None, None)


def test_without_starts_the_uniqueids_tell_them(tmp_path: Path) -> None:
    told = [row for row in TALKED if row[0] != "CHAN_START"]
    before = ends(0, who("6199", 0, -9))
    found = calls(tmp_path, [*before, *told])[-1]
    assert (found["end"] - found["start"]).total_seconds() == 9
    assert (found["disposition"], found["talk"], found["ring"]) == ("ANSWERED", 5, None)
    assert found["answered_by"] == "6102"
    # If these are all there is, it may as well have begun before them.
    alone = call(tmp_path, told)
    assert (alone["disposition"], alone["talk"], alone["answered_by"]) == ("ANSWERED", None, None)


# --- what is damaged -------------------------------------------------------------------------


def test_extra_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """A column of a table may be too short for it, wherever it ends."""
    longest = max(len(row[EXTRA]) for row in TALKED)
    for length in range(longest + 1):
        cut = [[*row[:PEER], "", *row[17:EXTRA], row[EXTRA][:length]] for row in TALKED]
        found = call(tmp_path, cut)
        assert (found["disposition"], found["talk"]) == ("ANSWERED", 5)
        assert found["cause"] in (None, 16)
        assert found["hangup_by"] in (None, "caller")


@pytest.mark.parametrize(
    "extra",
    [
        "{" * 50_000,
        '{"a":' * 20_000,
        '{"a":"' + "\\" * 100_000,
        "{" + '"a":1,' * 15_000,
        '{"hangupcause":' + "9" * 100_000 + "}",
        '{"hangupcause":-1,"hangupsource":7,"dialstatus":{}}',
        '{"bridge_id":["b"],"hangupcause":true}',
        "[1]",
        '"text"',
        "{nothing",
    ],
)
def test_extra_that_is_nothing_costs_only_itself(tmp_path: Path, extra: str) -> None:
    begun = time.perf_counter()
    lines = [[*row[:EXTRA], extra if row[EXTRA] else ""] for row in TALKED]
    found = call(tmp_path, lines)
    assert (found["disposition"], found["talk"], found["cause"]) == ("ANSWERED", 5, None)
    assert time.perf_counter() - begun < 20


# --- the dialplan's own events ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["SURVEY", "ANSWER", "HANGUP", "USER_DEFINED"])
def test_a_user_event_is_no_bad_line_and_no_event_of_a_call(tmp_path: Path, name: str) -> None:
    mine = {"app": "CELGenUserEvent", "data": f"{name},9", "user": name, "exten": "6102"}
    lines = [*TALKED[:1], line(name, 0.2, A, {"extra": "9"}, **mine), *TALKED[1:]]
    assert call(tmp_path, lines) == call(tmp_path, TALKED)
    elsewhere = who("6199", 99)
    assert len(calls(tmp_path, [*lines, line(name, 3, elsewhere, {"extra": "9"}, **mine)])) == 1


def test_a_log_that_begins_with_a_user_event_is_known(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    mine = {"app": "CELGenUserEvent", "data": "SURVEY,9", "user": "SURVEY"}
    path.write_text(text([line("SURVEY", 0, A, **mine), *TALKED]))
    assert history(path, tz="UTC").kind == "cel"


def test_a_word_that_is_no_kind_is_bad(tmp_path: Path) -> None:
    past = read(tmp_path, [*TALKED, line("TELEPATHY", 3, A, app="Dial")])
    assert past.bad_count == 1
    assert past.bad["reason"][0] == "its 20 fields are not those of a channel event"


# --- Asterisk 1.8 to 11 ----------------------------------------------------------------------


def plain(row: Line) -> Line:
    """Return a line with its `extra` as Asterisk 11 has it."""
    told = json.loads(row[EXTRA]) if row[EXTRA] else {}
    return [*row[:EXTRA], ",".join(str(value) for value in told.values())]


def pair(kind: str, at: float, one: Who, other: Who, **more: str) -> Line:
    return line(kind, at, one, app="Dial", exten="6102", peer=other.name, **more)


OLD = [
    *dialled(),
    line("ANSWER", 4, B, app="AppDial", exten="6102"),
    line("ANSWER", 4, A, app="Dial", exten="6102"),
    pair("BRIDGE_START", 4, A, B),
    pair("BRIDGE_END", 34, A, B),
    *[plain(row) for row in ends(34, B, gone(16, B), app="AppDial")],
    *[plain(row) for row in ends(34, A, gone(16, B, "ANSWER"), exten="6102")],
    line("LINKEDID_END", 34, A),
]


def test_one_event_connects_two(tmp_path: Path) -> None:
    found = call(tmp_path, OLD)
    assert (found["disposition"], found["talk"], found["answered_by"]) == ("ANSWERED", 30, "6102")
    assert (found["hangup_by"], found["cause"], found["billsec"]) == ("callee", 16, 30)


def test_a_bridge_changes_with_a_transfer(tmp_path: Path) -> None:
    """6102 asks 6103 from a second line, and puts 6101 into his place there."""
    second = who("6102", 3, 10)
    third = who("6103", 4, 10, second)
    lines = [
        *OLD[:5],
        line("CHAN_START", 10, second, exten="6103"),
        line("CHAN_START", 11, third, exten="s"),
        line("ANSWER", 14, third, app="AppDial", exten="6103"),
        line("ANSWER", 14, second, app="Dial", exten="6103"),
        pair("BRIDGE_START", 14, second, third),
        line("ATTENDEDTRANSFER", 20, third, A.linkedid, app="AppDial", peer=second.name),
        pair("BRIDGE_UPDATE", 20, A, third),
        pair("BRIDGE_END", 20, B, Who(f"{second.name}<ZOMBIE>", "")),
        *ends(20, B, plain(ends(0, B, gone(16))[0])[EXTRA], app="AppDial"),
        *ends(20, second, "16,,ANSWER", exten="6103"),
        pair("BRIDGE_END", 30, A, third, linkedid=A.linkedid),
        *ends(30, third, f"16,{third.name},", app="AppDial", linkedid=A.linkedid),
        *ends(30, A, f"16,{third.name},ANSWER", exten="6102"),
    ]
    found = call(tmp_path, lines)
    assert (found["talk"], found["transfers"], found["legs"]) == (26, 1, 4)
    assert (found["answered_by"], found["hangup_by"]) == ("6102", "callee")


@pytest.mark.parametrize(
    "kind", ["CONF_START", "CONF_END", "CONF_ENTER", "CONF_EXIT", "TRANSFER", "HOOKFLASH",
             "3WAY_START", "3WAY_END", "BRIDGE_UPDATE", "PARK_START", "PARK_END", "FORWARD"],
)  # fmt: skip
def test_its_other_kinds_are_known(tmp_path: Path, kind: str) -> None:
    found = call(tmp_path, [*OLD[:5], line(kind, 5, A, exten="6102"), *OLD[5:]])
    assert (found["disposition"], found["talk"]) == ("ANSWERED", 30)
    assert found["transfers"] == (kind == "TRANSFER")


# --- numbers instead of names ----------------------------------------------------------------

_SAME = ["CHAN_START", "CHAN_END", "HANGUP", "ANSWER", "APP_START", "APP_END"]
NEW_NUMBERS = [
    *_SAME, "BRIDGE_ENTER", "BRIDGE_EXIT", "PARK_START", "PARK_END", "BLINDTRANSFER",
    "ATTENDEDTRANSFER", "USER_DEFINED", "LINKEDID_END", "PICKUP", "FORWARD",
]  # fmt: skip
OLD_NUMBERS = [
    *_SAME, "BRIDGE_START", "BRIDGE_END", "CONF_START", "CONF_END", "PARK_START", "PARK_END",
    "BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER", "HOOKFLASH", "3WAY_START", "3WAY_END",
    "CONF_ENTER", "CONF_EXIT", "USER_DEFINED", "LINKEDID_END", "BRIDGE_UPDATE",
]  # fmt: skip


def numbered(lines: list[Line], names: list[str]) -> list[Line]:
    return [[str(names.index(row[0]) + 1), *row[1:]] for row in lines]


def test_numbers_are_those_of_the_asterisk_that_wrote_them(tmp_path: Path) -> None:
    assert call(tmp_path, numbered(TALKED, NEW_NUMBERS)) == call(tmp_path, TALKED)
    assert call(tmp_path, numbered(OLD, OLD_NUMBERS)) == call(tmp_path, OLD)
    poor = without(TALKED, EXTRA)
    assert call(tmp_path, numbered(poor, NEW_NUMBERS)) == call(tmp_path, poor)
    user = line("USER_DEFINED", 0.5, A, "9", app="CELGenUserEvent", user="SURVEY")
    for lines, names in ((TALKED, NEW_NUMBERS), (OLD, OLD_NUMBERS)):
        told = numbered([lines[0], user, *lines[1:]], names)
        assert call(tmp_path, told) == call(tmp_path, lines)


def test_a_table_that_was_kept_over_an_upgrade_has_both(tmp_path: Path) -> None:
    later = [[*row[:1], f"{float(row[1]) + 1000:.6f}", *row[2:]] for row in TALKED]
    later = [[cell.replace(".1", ".11").replace(".2", ".12") if number in (14, 15) else cell
              for number, cell in enumerate(row)] for row in later]  # fmt: skip
    lines = [*numbered(OLD, OLD_NUMBERS), *numbered(later, NEW_NUMBERS)]
    found = calls(tmp_path, lines)
    assert [row["talk"] for row in found] == [30, 5]
    assert [row["transfers"] for row in found] == [0, 0]


def test_a_number_that_may_be_either_is_bad(tmp_path: Path) -> None:
    past = read(tmp_path, numbered([line("BRIDGE_EXIT", 3, A)], NEW_NUMBERS))
    assert past.bad_count == 1
    assert "BRIDGE_END up to Asterisk 11 and BRIDGE_EXIT from 12 on" in past.bad["reason"][0]


def test_whatever_is_left_out_no_reading_ends_by_it(tmp_path: Path) -> None:
    """Any of the lines may be lost, and any two kinds of them altogether."""
    kinds = sorted({row[0] for row in TALKED})
    for pair_of_kinds in itertools.combinations(kinds, 2):
        read(tmp_path, [row for row in TALKED if row[0] not in pair_of_kinds])
    for number in range(len(TALKED)):
        found = read(tmp_path, [*TALKED[:number], *TALKED[number + 1 :]]).calls
        assert len(found) == 1
        assert found["talk"].fillna(5).tolist() == [5]


# --- what nobody would believe ---------------------------------------------------------------


def any_line(dice: random.Random, at: float) -> Line:
    """Return a line that has little to do with the others."""
    one = who(str(dice.randrange(6)), dice.randrange(6))
    name = dice.choice([one.name, f"Local/1@x-01;{dice.choice('12')}", f"{one.name}<ZOMBIE>", ""])
    extras = [
        None,
        bridge(f"b{dice.randrange(3)}"),
        gone(dice.choice([0, 16, 17, 127]), one, dice.choice(["", "ANSWER", "BUSY"])),
        {"channel2_uniqueid": who("3", 3).uniqueid, "channel2_name": who("3", 3).name,
         "transferee_channel_name": who("2", 2).name},
        {"pickup_channel": who("4", 4).name},
        "16,,NOANSWER",
    ]  # fmt: skip
    return line(
        dice.choice(sorted(kinds.NAMES)),
        at + dice.choice([0, 0, 3]),
        Who(name, one.uniqueid, one.number, who("x", dice.randrange(6)).uniqueid),
        dice.choice(extras),
        app=dice.choice(["", "Dial", "AppDial", "AppQueue", "Queue", "AgentLogin", "ConfBridge"]),
        exten=dice.choice(["", "s", "6102"]),
        peer=dice.choice(["", one.name, f"{who('1', 1).name},{one.name}"]),
    )


@pytest.mark.filterwarnings("ignore:.*(order of time|behind newer ones)")
@pytest.mark.parametrize("seed", range(20))
def test_no_line_makes_seconds_that_cannot_be(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    past = read(tmp_path, [any_line(dice, second) for second in range(300)])
    assert past.bad_count == 0
    found = past.calls
    for name in ("ring", "wait", "talk", "billsec"):
        assert not (found[name] < 0).any()
    over = found.dropna(subset=["start", "end", "talk"])
    assert (over["talk"] <= (over["end"] - over["start"]).dt.total_seconds()).all()


def test_in_the_hour_that_is_repeated_a_call_goes_on(tmp_path: Path) -> None:
    # It begins at 2:30, is answered at 2:58, and ends at 2:25 of the second time.
    at = {0: "02:30:00", 1: "02:30:01", 4: "02:58:00", 9: "02:25:00"}
    rows = [
        [row[0], f"2024-10-27 {at[round(float(row[1])) - BEGIN]}"]
        + [cell.replace(f"{BEGIN}.", "1729989000.") for cell in row[2:]]
        for row in TALKED
    ]
    path = tmp_path / "Master.csv"
    path.write_text(text(rows))
    found = history(path, tz="Europe/Berlin")
    assert found.calls["talk"].tolist() == [27 * 60]
    assert found.doubtful == len(rows)


# --- uniqueids that are none ---------------------------------------------------------------------


def spoiled(lines: list[Line], own: str, columns: tuple[int, ...]) -> list[Line]:
    return [
        [own if number in columns else cell for number, cell in enumerate(row)] for row in lines
    ]


@pytest.mark.parametrize("own", ["1,71507E+09", "1.72E+09", "0", str(BEGIN), str(BEGIN - 900)])
@pytest.mark.parametrize("columns", [(14, 15), (15,), (14,)])
def test_events_whose_uniqueid_a_spreadsheet_spoiled_are_no_call_and_are_told(
    tmp_path: Path, own: str, columns: tuple[int, ...]
) -> None:
    later = Who(A.name, f"{BEGIN}.77", A.number)
    good = [line("CHAN_START", 20, later), *ends(30, later, gone(16, A))]
    lines = spoiled(TALKED, own, columns)
    with pytest.warns(UserWarning, match=f"^{len(lines)} events have a uniqueid.* as text$"):
        past = read(tmp_path, [*lines, *good])
    assert past.calls["call"].tolist() == [f"{BEGIN}.77"]
    assert past.bad_count == len(lines)
    assert past.bad["reason"].str.contains("a spreadsheet may have changed it").all()


def test_a_whole_number_that_is_no_time_of_the_call_is_a_uniqueid_of_events(tmp_path: Path) -> None:
    assert call(tmp_path, spoiled(TALKED, "1000000007", (15,)))["call"] == "1000000007"
