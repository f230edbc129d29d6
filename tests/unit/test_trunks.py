"""Which devices look like trunks, how that is told, and what plugin.conf tells of a site."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import ast_notebook
from ast_notebook.asterisk import Asterisk
from ast_notebook.calls.trunks import guess_in_words, guess_trunks, is_guess
from ast_notebook.errors import ConfError
from ast_notebook.login import read_plugins
from tests.support.days import channel, frame
from tests.support.logs import write
from tests.support.past import line

CALLS = pd.DataFrame(
    [
        ("PJSIP/provider", "03011111"),
        ("PJSIP/provider", "03022222"),
        ("PJSIP/provider", "03033333"),
        ("PJSIP/provider", "03033333"),
        ("PJSIP/200", "200"),
        ("PJSIP/200", "200"),
        ("PJSIP/door", "1"),
        ("PJSIP/door", "2"),
        ("SIP/backup", None),
        (None, "03044444"),
    ],
    columns=["caller_device", "caller"],
    dtype="str",
)


def test_a_device_that_many_numbers_call_from_looks_like_a_trunk():
    (row,) = guess_trunks(CALLS).to_dict("records")
    assert (row["device"], row["calls"], row["numbers"]) == ("PJSIP/provider", 4, 3)
    assert row["why"] == "3 different numbers called from it"


def test_so_does_one_that_the_pbx_registers_by():
    found = guess_trunks(CALLS, [("sip:account@backup.example:5060", "sip:backup.example")])
    assert found["device"].tolist() == ["PJSIP/provider", "SIP/backup"]
    assert found["why"][1] == "the PBX registers by that name"
    assert guess_trunks(CALLS.head(0)).empty


def test_a_guess_is_one_line_that_says_why_and_how_to_correct_it():
    found = guess_trunks(CALLS, [("sip:account@backup.example:5060", "sip:backup.example")])
    assert guess_in_words(found) == (
        "the trunks are guessed: PJSIP/provider (3 different numbers called from it), SIP/backup "
        "(the PBX registers by that name); if that is wrong, name them: --trunk "
        "PJSIP/provider, or trunks=['PJSIP/provider'] in Python"
    )
    many = pd.DataFrame({"device": [f"SIP/{n}" for n in range(9)], "why": "3 numbers"})
    assert guess_in_words(many).count("3 numbers") == 5 and "and 4 more" in guess_in_words(many)
    assert "name them, as PJSIP/provider" in guess_in_words(found.head(0))


def test_guess_alone_is_the_word():
    assert is_guess("guess") and is_guess(["guess"])
    for other in (None, "", [], ["guess", "SIP/a"], "SIP/guess", pd.Series(["SIP/a", "SIP/b"])):
        assert not is_guess(other)


DAY = [
    channel(second, event, "PJSIP/provider", number, CallerIDNum=f"03000{number}", Cause=16)
    for number in range(1, 4)
    for second, event in ((10 * number, "Newchannel"), (10 * number + 5, "Hangup"))
]
DAY += [channel(50, "Newchannel", "PJSIP/200", 9), channel(55, "Hangup", "PJSIP/200", 9, Cause=16)]
WORDS = r"PJSIP/provider \(3 different numbers called from it\); if that is wrong, name them"


def test_a_pbx_is_told_to_guess_and_the_guess_is_corrected():
    with ast_notebook.replay(frame(*DAY)) as sh:
        with pytest.raises(ConfError, match="no device looks like a trunk so far"):
            sh.ast.tell(trunks="guess")
        sh.run()
        assert sh.ast.calls()["direction"].isna().all()
        with pytest.warns(UserWarning, match=WORDS) as told:
            sh.ast.tell(trunks="guess")
        assert told[0].filename == __file__
        assert sh.ast.trunks == ("PJSIP/provider",)
        assert sh.ast.calls()["direction"].tolist() == [*["inbound"] * 3, "internal"]
        guess = sh.ast.guess_trunks()
        sh.ast.tell(trunks=guess.assign(device="PJSIP/200"))
        assert sh.ast.trunks == ("PJSIP/200",)
        sh.ast.tell(trunks=guess["device"])
        assert sh.ast.trunks == ("PJSIP/provider",)
        sh.ast.tell(trunks="")
        with pytest.warns(UserWarning, match=WORDS):
            found = sh.ast.calls(trunks="guess")
        assert found["direction"].tolist() == [*["inbound"] * 3, "internal"]
        assert sh.ast.trunks is None


def test_a_connection_that_has_heard_nothing_says_when_to_guess(pbx: Asterisk):
    with pytest.warns(UserWarning, match=r"once some came from outside, %ast trunks --guess"):
        pbx.begin(trunks="guess", outside="0")
    assert pbx.trunks is None and pbx.numbering.outside == "0"


@pytest.fixture
def pbx():
    with ast_notebook.replay(frame(*DAY)) as sh:
        yield sh.ast


def test_the_trunks_of_a_file_are_guessed(tmp_path: Path):
    path = write(
        tmp_path,
        "".join(
            line(
                src=number,
                channel=f"PJSIP/{device}-{day:08x}",
                dstchannel=f"PJSIP/240-{day + 100:08x}",
                start=f"2026-06-{day:02} 10:00:00",
                answer=f"2026-06-{day:02} 10:00:05",
                end=f"2026-06-{day:02} 10:01:05",
            )
            for day, (device, number) in enumerate(
                [*(("provider", f"03000{n}") for n in range(3)), ("200", "200")], 1
            )
        ),
    )
    assert ast_notebook.history(path, tz="UTC").calls["direction"].isna().all()
    with pytest.warns(UserWarning, match=WORDS):
        past = ast_notebook.history(path, tz="UTC", trunks="guess")
    assert past.calls["direction"].tolist() == [*["inbound"] * 3, "internal"]
    assert "PJSIP/provider" in past.notes[-1]
    named = ast_notebook.history(path, tz="UTC", trunks=["PJSIP/other"])
    assert set(named.calls["direction"]) == {"internal"}


def test_a_file_without_a_trunk_says_so(tmp_path: Path):
    path = write(tmp_path, line())
    with pytest.warns(UserWarning, match="no device looks like a trunk so far"):
        past = ast_notebook.history(path, tz="UTC", trunks=["guess"])
    assert past.calls["direction"].isna().all()


def test_plugin_conf_tells_of_a_site():
    (plugin,) = read_plugins(
        "[ast]\nclass_name = Asterisk\nusername = admin\ntrunks = PJSIP/a | PJSIP/b\n"
        "country = DE\noutside = 0\nphone_book = people.vcf\n"
    )
    assert plugin.site == {
        "trunks": "PJSIP/a | PJSIP/b",
        "country": "DE",
        "outside": "0",
        "phone_book": "people.vcf",
    }
    assert dict(plugin.settings) == {"username": "admin"}


def test_a_phone_book_is_beside_its_plugin_conf(tmp_path: Path):
    path = tmp_path / "plugin.conf"
    path.write_text("[ast]\nclass_name = Asterisk\nphone_book = people.csv\n")
    (plugin,) = read_plugins(path)
    assert plugin.site["phone_book"] == tmp_path / "people.csv"
