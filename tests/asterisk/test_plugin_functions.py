"""The functions of the old plugin, on calls of Asterisk 16 with chan_sip and 22 with chan_pjsip."""

import threading

import pandas as pd
import pytest

import ast_notebook
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.waiting import eventually, stays

ITEMS = {
    "office": {
        "fon": {
            "type": "bool",
            "ast_dev": "2222",
            "ast_db": "active/office",
            "box": {"type": "num", "ast_box": "22"},
        }
    }
}


@pytest.fixture
def sh(pbx: Asterisk):
    with ast_notebook.connect(pbx.host, pbx.port, username="admin", password="secret") as sh:
        yield sh


@pytest.fixture
def pbx_of_ones_own():
    require(22)
    with Asterisk(22) as pbx:
        yield pbx


@pytest.fixture
def office(sh):
    sh.load_items(ITEMS)
    return sh.office


def test_a_call_to_the_device_makes_its_item_true_and_its_end_false(pbx, sh, office):
    assert office.fon() is False
    with pbx.telephone("2222").answers(), pbx.telephone("30").calls("2222") as call:
        eventually(office.fon)
        assert office.fon.changed_by() == "Asterisk:2222"
        eventually(lambda: pbx.database("active/office") == "1")
        call.hang_up()
        eventually(lambda: not office.fon())
        eventually(lambda: pbx.database("active/office") == "0")


def test_a_call_from_the_device_makes_its_item_true_as_well(pbx, sh, office):
    with pbx.telephone("2222").calls("600"):
        eventually(office.fon)
    eventually(lambda: not office.fon())


def test_the_item_stays_true_until_the_last_of_two_calls_is_over(pbx, sh, office):
    with pbx.telephone("2222").calls("600") as first, pbx.telephone("2222").calls("600") as second:
        eventually(lambda: len(sh.ast.live.channels_of("2222")) == 2)
        first.hang_up()
        eventually(lambda: len(sh.ast.live.channels_of("2222")) == 1)
        assert stays(office.fon)
        assert pbx.database("active/office") == "1"
        second.hang_up()
        eventually(lambda: not office.fon())
    eventually(lambda: pbx.database("active/office") == "0")


def test_a_message_left_in_the_box_counts_without_being_asked_for(pbx, sh, office):
    before = office.fon.box()
    pbx.leave_message("22")
    eventually(lambda: office.fon.box() == before + 1)
    assert sh.ast.mailbox_count("22") == (0, before + 1)


def test_an_item_of_a_mailbox_has_its_count_at_once(pbx, sh):
    pbx.leave_message("22")
    count = eventually(lambda: sh.ast.mailbox_count("22").new_messages)
    (box,) = sh.load_items({"box": {"type": "num", "ast_box": "22"}})
    assert box() == count


def test_on_change_hears_of_each_change_in_order(pbx, sh, office):
    heard = []

    @office.fon.on_change
    def tell(item):
        heard.append(item())

    with pbx.telephone("2222").calls("600"):
        eventually(lambda: heard == [True])
    eventually(lambda: heard == [True, False])


@pytest.mark.parametrize(
    ("channel", "userevent", "trigger"),
    [
        ("Local/200@phones", "Call", ("100", "Smith, John", None)),
        ("Local/200@door", "Call", ("100", "Smith, John", "Office")),
        ("Local/801@phones", "Action", ("100", "1", "Office")),
    ],
)
def test_a_user_event_runs_its_logics_with_source_value_and_dest(
    pbx, sh, channel, userevent, trigger
):
    runs, narrowed = [], []

    @sh.logic("logic1", userevent=userevent)
    def every(trigger):
        assert trigger["by"] == "Asterisk"
        runs.append((trigger["source"], trigger["value"], trigger["dest"]))

    @sh.logic("logic2", userevent=userevent, dest="Office")
    def office_only(trigger):
        narrowed.append(trigger["dest"])

    # What the Local channel's far end sees as its caller is the caller id of this call.
    sh.ast.call(channel, "600", "phones", '"Smith, John" <100>', timeout=3)
    eventually(lambda: runs)
    assert runs[0] == trigger
    if trigger[2]:
        eventually(lambda: narrowed == ["Office"] * len(runs))
    else:
        assert not narrowed


def test_hangup_ends_all_calls_of_30_and_none_of_300(pbx, sh):
    with (
        pbx.telephone("30").answers(),
        pbx.telephone("30").calls("600"),
        pbx.telephone("240").calls("30"),
        pbx.telephone("300").calls("600"),
    ):
        eventually(lambda: len(sh.ast.live.channels_of("30")) == 2)
        eventually(lambda: len(sh.ast.live.channels_of("300")) == 1)
        hung_up = sh.ast.hangup("30")
        assert len(hung_up) == 2
        assert all(name.startswith(f"{pbx.tech}/30-") for name in hung_up)
        eventually(lambda: not sh.ast.live.channels_of("30"))
        assert stays(lambda: len(sh.ast.live.channels_of("300")) == 1)
        assert sh.ast.hangup("30") == []


def test_hangup_of_an_agent_leaves_the_waiting_caller_in_the_queue(pbx, sh):
    with (
        pbx.telephone("200").rings(),
        pbx.telephone("240").refuses(),
        pbx.telephone("2222").calls("610"),
    ):
        eventually(lambda: sh.ast.live.channels_of("200"))
        eventually(lambda: len(sh.ast.live.channels_of("2222")) == 1)
        sh.ast.hangup("200")
        assert stays(lambda: len(sh.ast.live.channels_of("2222")) == 1, 1.0)


def test_call_connects_source_and_destination_and_tells_of_both(pbx, sh):
    with pbx.telephone("200").answers(), pbx.telephone("240").answers():
        call = sh.ast.call(f"{pbx.tech}/200", "240", "door", "Door <100>")
        assert call.wait() == "answered"
        assert call.wait(dest=True) == "answered"
        assert "answered" in repr(call)
    eventually(lambda: sh.ast.channels().empty)


@pytest.mark.parametrize(("code", "words"), [(486, "busy"), (603, "rejected"), (480, "no answer")])
def test_call_tells_what_became_of_a_source_that_does_not_answer(pbx, sh, code, words):
    with pbx.telephone("200").refuses(code):
        call = sh.ast.call(f"{pbx.tech}/200", "240", "door")
        assert call.wait() == words
        assert call.wait(dest=True) == f"source {words}"


def test_call_tells_that_nobody_answered_in_time(pbx, sh):
    with pbx.telephone("200").rings():
        call = sh.ast.call(f"{pbx.tech}/200", "240", "door", timeout=1)
        with pytest.raises(ast_notebook.AnswerTimeout, match="still open"):
            call.wait(0.2)
        assert call.wait() == "no answer"


def test_call_tells_what_became_of_the_destination(pbx, sh):
    with pbx.telephone("200").answers(), pbx.telephone("240").refuses():
        call = sh.ast.call(f"{pbx.tech}/200", "240", "door")
        assert call.wait() == "answered"
        assert call.wait(dest=True) == "busy"


async def _awaited(call):
    return await call


def test_a_call_can_be_awaited(pbx, sh):
    import asyncio

    with pbx.telephone("200").answers():
        call = sh.ast.call(f"{pbx.tech}/200", "600", "phones")
        assert asyncio.run(_awaited(call)) == "answered"


def test_a_call_by_a_technology_that_is_not_there_says_which_one_is(pbx, sh):
    other = {"SIP": "PJSIP", "PJSIP": "SIP"}[pbx.tech]
    with pytest.raises(ast_notebook.TechnologyMissing, match=f"try {pbx.tech}/200"):
        sh.ast.call(f"{other}/200", "240", "door")
    with pytest.raises(ast_notebook.TechnologyMissing, match=f"write .*{pbx.tech}/299"):
        sh.ast.call("299", "240", "door")  # of one that is known, Asterisk tells it
    assert pbx.tech in sh.ast.technologies()


def test_the_database_is_written_and_read(pbx, sh):
    sh.ast.db_write("dnd/office", True)
    assert sh.ast.db_read("dnd/office") == "1"
    assert pbx.database("dnd/office") == "1"
    sh.ast.db_write("dnd/office", "an ümlaut, and a colon: here")
    assert sh.ast.db_read("dnd/office") == "an ümlaut, and a colon: here"
    assert sh.ast.db_read("dnd/nobody", default=None) is None
    with pytest.raises(ast_notebook.KeyMissing, match=r"has no entry dnd/nobody"):
        sh.ast.db_read("dnd/nobody")
    with pytest.raises(ast_notebook.KeyMissing, match="family and key"):
        sh.ast.db_read("dnd")
    with pytest.raises(ast_notebook.UnsafeText):
        sh.ast.db_write("dnd/office", "1\r\nAction: Originate")


def test_a_mailbox_that_does_not_exist_counts_nothing_and_warns(pbx, sh):
    with pytest.warns(UserWarning, match="no mailbox 77@default"):
        assert sh.ast.mailbox_count("77") == (0, 0)
    assert sh.ast.mailbox_count("2222") == (0, 0)
    assert sh.ast.mailbox_count("2222@default") == (0, 0)


def test_a_permission_that_is_missing_is_named(pbx, sh):
    with pytest.raises(ast_notebook.PermissionMissing, match="`command`"):
        sh.ast.command("core show uptime")
    with pytest.raises(ast_notebook.PermissionMissing, match="`user`"):
        sh.ast.action("UserEvent", UserEvent="Door")
    with ast_notebook.connect(pbx.host, pbx.port, username="panel", password="secret") as panel:
        panel.ast.action("UserEvent", UserEvent="Door")
        assert "System uptime" in panel.ast.command("core show uptime")
        with pytest.raises(ast_notebook.ActionRefused, match="No such command"):
            panel.ast.command("no such command")


def test_on_hears_events_in_order_and_a_failing_callback_harms_no_other(pbx, sh):
    heard = []

    @sh.ast.on("DBGetResponse", "Newchannel", "Hangup")
    def tell(event):
        heard.append(event.name)

    @sh.ast.on("*")
    def fail(event):
        raise RuntimeError("as it does")

    sh.ast.db_write("a/b", 1)
    sh.ast.db_read("a/b")  # what answers a question of ours is no event here
    with pbx.telephone("30").calls("600"):
        eventually(lambda: "Newchannel" in heard)
    eventually(lambda: heard == ["Newchannel", "Hangup"])
    bound = sh.bindings().set_index("name")
    assert bound.loc["tell"]["failed"] == 0 if "tell" in bound.index else True
    assert bound["failed"].max() > 0
    assert bound["last_error"].str.contains("as it does").any()


def test_every_event_is_in_the_frame(pbx, sh):
    with pbx.telephone("30").calls("600"):
        eventually(lambda: "Up" in set(sh.ast.live.channels["state"]))
    eventually(lambda: "Cdr" in set(sh.ast.events["event"]))
    events = sh.ast.events
    assert list(events.columns[:7]) == [
        "received",
        "time",
        "server",
        "event",
        "channel",
        "uniqueid",
        "linkedid",
    ]
    assert events["received"].dtype == events["time"].dtype == pd.DatetimeTZDtype("us", "UTC")
    calls = events[events["channel"].str.startswith(f"{pbx.tech}/30-", na=False)]
    assert calls["linkedid"].nunique() == 1
    assert {"Newchannel", "Hangup"} <= set(calls["event"])
    assert events["received"].is_monotonic_increasing


def test_a_reconnect_makes_everything_right_again_and_leaves_a_row(pbx_of_ones_own):
    pbx = pbx_of_ones_own
    with ast_notebook.connect(pbx.host, pbx.port, password="secret") as sh:
        sh.load_items(ITEMS)
        fon = sh.office.fon
        with pbx.telephone("2222").calls("600"):
            eventually(fon)
            pbx.kill()
            eventually(lambda: fon.stale)
            assert fon() is True
            with pytest.raises(ast_notebook.ConnectionLost, match="renewed automatically"):
                sh.ast.db_write("dnd/office", 1)
            with pytest.raises(ast_notebook.ConnectionLost):
                sh.ast.call(f"{pbx.tech}/200", "240", "door")
        pbx.start()
        eventually(lambda: not fon.stale, 40)
        eventually(lambda: fon() is False)
        eventually(lambda: pbx.database("active/office") == "0")
        with pbx.telephone("2222").calls("600"):
            eventually(fon)
        events = sh.ast.events
        gap = events[events["event"].isin(["SessionLost", "SessionRestored"])]
        assert list(gap["event"]) == ["SessionLost", "SessionRestored"]
        assert gap["reason"].notna().any()


def test_a_session_closes_within_two_seconds_and_leaves_no_thread(pbx):
    sh = ast_notebook.connect(pbx.host, pbx.port, password="secret")
    sh.load_items(ITEMS)
    sh.ast.on("*")(print)
    closer = threading.Thread(target=sh.close)
    closer.start()
    closer.join(2)
    assert not closer.is_alive()
    assert not sh.pbxs
    assert sh.ast.session.closed
