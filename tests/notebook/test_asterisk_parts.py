"""What `%ast` can do, `sh.ast` can do in the same words."""

from collections.abc import Callable, Iterator

import pandas as pd
import pytest

import ast_notebook
from ast_notebook import demo
from ast_notebook.ami import Event
from ast_notebook.asterisk import Asterisk, MailboxCount
from ast_notebook.errors import ConfError, TechnologyMissing
from ast_notebook.live.live import Live
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def pbx() -> Iterator[demo.Demo]:
    with demo.start(calls=False, seed=1, username="panel") as started:
        yield started


@pytest.fixture
def ast(pbx: demo.Demo) -> Iterator[Asterisk]:
    with ast_notebook.connect(
        pbx.host, pbx.port, username=pbx.username, password=pbx.password
    ) as sh:
        yield sh.ast


def rows(look: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """A frame, once it has any."""
    return eventually(lambda: None if (frame := look()).empty else [frame])[0]


def test_a_telephone_is_called_without_its_technology(ast: Asterisk) -> None:
    call = ast.call(200, "600", "phones")
    assert call.source == "PJSIP/200"
    assert call.wait(60) == "answered"
    assert ast.hangup("200")


def test_a_telephone_of_two_technologies_is_asked_for(
    ast: Asterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Asterisk, "technologies", lambda ast: ["PJSIP", "SIP"])
    with pytest.raises(TechnologyMissing, match="write PJSIP/9 or SIP/9"):
        ast.call("9", "600", "phones")
    with pytest.raises(TechnologyMissing, match="write PJSIP/9 or SIP/9"):
        ast.spy("PJSIP/200-00000000", by="9")


def test_events_of_a_device_since_a_while_ago(ast: Asterisk) -> None:
    ast.call("240", "600", "phones").wait(60)
    assert ast.hangup("240")
    found = rows(lambda: ast.select_events("Hangup", since="10m", device="240", last=1))
    assert found["channel"].str.startswith("PJSIP/240-").all()
    assert found.notna().any().iloc[7:].all()
    assert ast.select_events(["Hangup", "Newchannel"], device="24").empty
    with pytest.raises(ConfError, match="name a device, such as 200 or PJSIP/200"):
        ast.select_events(device="")
    past = found["received"].iloc[0]
    assert len(ast.select_events("Hangup", since=past, device="PJSIP/240", last=1)) == 1


def test_calls_since_a_while_ago_and_of_one_trunk_by_its_name(ast: Asterisk) -> None:
    ast.call("30", "600", "phones").wait(60)
    ast.hangup("30")
    calls = rows(lambda: ast.calls(since="1h", trunks="30"))
    assert "PJSIP/30" in set(calls["trunk"].dropna())
    assert ast.calls(since="0s").empty
    with pytest.raises(ConfError, match="is no moment"):
        ast.calls(since="soon")


def test_an_action_is_taken_as_pyst2_takes_it(ast: Asterisk) -> None:
    whole = {"Action": "MailboxCount", "Mailbox": "22@default"}
    assert ast.action(whole).response["Mailbox"] == "22@default"
    assert ast.action({"Action": "MailboxCount"}, Mailbox="22@default").response.ok
    assert whole == {"Action": "MailboxCount", "Mailbox": "22@default"}
    for nothing in ("", {}, {"Mailbox": "22"}):
        with pytest.raises(ConfError, match="no action is named"):
            ast.action(nothing)


def test_one_user_event_is_taken_by_its_name(ast: Asterisk) -> None:
    heard: list[str] = []

    @ast.on(userevents="Bell")
    def note(event: Event) -> None:
        heard.append(event["UserEvent"])

    for name in ("B", "Bell"):
        ast.action("UserEvent", UserEvent=name)
    eventually(lambda: heard)
    assert heard == ["Bell"]
    ast.off(note)


def test_what_is_public_is_where_it_was() -> None:
    assert MailboxCount(1, 2).new_messages == 2
    assert isinstance(Asterisk(ast_notebook.Settings()).live, Live)
