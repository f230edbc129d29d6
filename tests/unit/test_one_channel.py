"""What is done to one channel is done to no other whose name begins with this one's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import ast_notebook
from ast_notebook.asterisk import Asterisk
from ast_notebook.errors import ActionRefused, ConfError, UnsafeText
from tests.support.fake_manager import Client, FakeManager, Headers
from tests.support.waiting import eventually

SHORT, LONG, OTHER = "IAX2/provider-569", "IAX2/provider-5699", "IAX2/provider-1569"
NEW, OLD = b"Asterisk Call Manager/11.0.0\r\n", b"Asterisk Call Manager/2.4.0\r\n"
LISTS = {"ConfbridgeList": "ConfbridgeList", "CoreShowChannels": "CoreShowChannel"}
LISTS |= {"DBGetTree": "DBGetTreeResponse"}
PLAIN = ("Login", "Ping", "Logoff", "Getvar", "Originate", "ConfbridgeMute", "ModuleCheck")


def _entry(name: str) -> list[str]:
    if name.startswith("/"):
        return [f"Key: {name}", "Val: 1"]
    return [f"Channel: {name}", f"Uniqueid: {name}"]


@contextmanager
def pbx_with(
    *channels: str, banner: bytes = NEW, denied: tuple[str, ...] = ()
) -> Iterator[tuple[Asterisk, FakeManager]]:
    """A PBX with these channels, all of them in one conference."""

    def script(client: Client, action: Headers) -> None:
        name, key = action["Action"], f"ActionID: {action.get('ActionID', '')}"
        if name in denied:
            client.send("Response: Error", key, "Message: Permission denied")
        elif name not in LISTS:
            said = "Success" if name in PLAIN else "Error"
            client.send(f"Response: {said}", key, "Message: so it is", "Value: 1.2")
        else:
            client.send("Response: Success", key, "EventList: start")
            for one in channels:
                client.send(f"Event: {LISTS[name]}", key, *_entry(one))
            client.send("Event: Complete", key, "EventList: Complete")
        if name == "Login":
            client.send("Event: FullyBooted", "Status: Fully Booted")

    with (
        FakeManager(script, banner) as fake,
        ast_notebook.connect(
            "127.0.0.1", fake.port, username="admin", password="secret", timeout=60
        ) as sh,
    ):
        yield sh.ast, fake


def asked(fake: FakeManager, name: str) -> list[Headers]:
    return [one for one in fake.asked if one["Action"] == name]


@pytest.mark.parametrize("muted", [True, False])
def test_nobody_is_muted_by_a_name_that_begins_anothers(muted: bool) -> None:
    with pbx_with(LONG, SHORT) as (ast, fake):
        with pytest.raises(ActionRefused, match=f"{SHORT} is also the beginning of {LONG}"):
            ast.conference_mute("900", SHORT, muted)
        assert not asked(fake, "ConfbridgeMute") + asked(fake, "ConfbridgeUnmute")
        assert asked(fake, "ConfbridgeList")[-1]["Conference"] == "900"


def test_who_alone_has_the_name_is_muted() -> None:
    with pbx_with(LONG, SHORT, OTHER) as (ast, fake):
        ast.conference_mute("900", LONG)
        assert [one["Channel"] for one in asked(fake, "ConfbridgeMute")] == [LONG]


def test_a_login_that_may_not_list_a_conference_mutes_by_the_channels_that_it_knows() -> None:
    with pbx_with(LONG, SHORT, denied=("ConfbridgeList",)) as (ast, fake):
        eventually(lambda: len(ast.live.channels) == 2)
        with pytest.raises(ActionRefused, match="is also the beginning of"):
            ast.conference_mute("900", SHORT)
        ast.conference_mute("900", LONG)
        assert [one["Channel"] for one in asked(fake, "ConfbridgeMute")] == [LONG]


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
def test_chanspy_is_told_that_the_name_is_whole(mode: str) -> None:
    with pbx_with(LONG, SHORT) as (ast, fake):
        ast.spy(SHORT, "PJSIP/200", mode)
        [sent] = asked(fake, "Originate")
        name, options = sent["Data"].split(",")
        assert name == SHORT
        assert "u" in options


def test_an_old_chanspy_is_given_no_name_that_begins_anothers() -> None:
    with pbx_with(LONG, SHORT, banner=OLD) as (ast, fake):
        with pytest.raises(ActionRefused, match="is also the beginning of"):
            ast.spy(SHORT, "PJSIP/200")
        assert not asked(fake, "Originate")
        ast.spy(LONG, "PJSIP/200")
        assert len(asked(fake, "Originate")) == 1


def test_a_word_for_everybody_is_no_channel() -> None:
    with pbx_with(SHORT) as (ast, fake):
        for word in ("all", "Participants"):
            with pytest.raises(UnsafeText, match="everybody"):
                ast.conference_mute("900", word)
            with pytest.raises(UnsafeText, match="everybody"):
                ast.conference_kick("900", word)
        with pytest.raises(ConfError, match="no channel is named"):
            ast.spy("all", "PJSIP/200")
        with pytest.raises(UnsafeText, match="every queue"):
            ast.queue_pause("", "PJSIP/200", True)
        sent = {one["Action"] for one in fake.asked}
        assert not sent & {"ConfbridgeMute", "ConfbridgeKick", "QueuePause", "Originate"}


def test_a_family_of_the_database_is_no_pattern() -> None:
    entries = ["/a_b/one", "/axb/two", "/A_B/three", "/a_bc/four", "/a_b/five/six"]
    with pbx_with(*entries) as (ast, _):
        assert ast.db_show("a_b")["key"].tolist() == ["a_b/one", "a_b/five/six"]
        assert ast.db_show("a_b/one")["key"].tolist() == ["a_b/one"]
        assert len(ast.db_show()) == 5
