"""What a person at the switchboard sees and does, on a real Asterisk 16 and 22."""

import contextlib
import socket
import threading

import pytest

import ast_notebook
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.waiting import eventually, stays


@pytest.fixture
def sh(pbx: Asterisk):
    with ast_notebook.connect(pbx.host, pbx.port, username="panel", password="secret") as sh:
        yield sh
        for device in ("2222", "200", "240", "30", "300"):
            sh.ast.hangup(device)
        eventually(lambda: sh.ast.channels().empty)


@pytest.fixture
def live(sh):
    return sh.ast.live


def only(table):
    """The one row of a table, once there is one."""
    rows = eventually(lambda: list(table.rows().values()) if len(table) == 1 else None)
    return rows[0]


def up(live, device):
    """The one channel of a device, once it is up."""

    def look():
        rows = live.tables["channels"].rows().values()
        found = [row for row in rows if row["device"].endswith(f"/{device}")]
        return found[0] if len(found) == 1 and found[0]["state"] == "Up" else None

    return eventually(look)


def test_devices_are_known_at_once_and_their_lamps_follow(pbx, sh, live):
    devices = live.devices.set_index("device")
    assert {f"{pbx.tech}/{one}" for one in (2222, 200, 240, 30, 300)} <= set(devices.index)
    assert devices.loc[f"{pbx.tech}/2222", "extension"] == "2222"
    eventually(lambda: live.tables["devices"].rows()[f"{pbx.tech}/2222"]["name"] == "Office")
    lamp = f"{pbx.tech}/200"
    with pbx.telephone("200").rings(), pbx.telephone("30").calls("200") as call:
        eventually(lambda: live.tables["devices"].rows()[lamp]["state"] == "RINGING")
        call.hang_up()
        eventually(lambda: live.tables["devices"].rows()[lamp]["state"] == "NOT_INUSE")


def test_a_telephone_with_a_fixed_contact_is_known_to_be_reached_and_how_fast():
    require(22)
    qualify = {("pjsip.conf", "place", "qualify_frequency"): "1"}
    with Asterisk(22, settings=qualify) as pbx, reachable(pbx.telephone("2222").port):
        pbx.cli("pjsip qualify 2222")
        eventually(lambda: "Avail" in pbx.cli("pjsip show contacts"))
        with ast_notebook.connect(pbx.host, pbx.port, username="panel", password="secret") as sh:

            def reach(device):
                row = sh.ast.live.tables["devices"].rows()[f"PJSIP/{device}"]
                return row["reachable"], row["rtt_ms"]

            eventually(lambda: reach("30") == ("Unreachable", None))
            assert reach("2222")[0] == "Reachable"
            assert 0 < reach("2222")[1] < 1000


@contextlib.contextmanager
def reachable(port):
    """Answer SIP's OPTIONS there, which sipp does not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", port))
        phone.settimeout(0.1)
        over = threading.Event()

        def answer():
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    asked, sender = phone.recvfrom(65536)
                    kept = [
                        line
                        for line in asked.split(b"\r\n")
                        if line.partition(b":")[0] in (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
                    ]
                    head = [b"SIP/2.0 200 OK", *kept, b"Content-Length: 0"]
                    phone.sendto(b"\r\n".join(head) + b"\r\n\r\n", sender)

        answering = threading.Thread(target=answer)
        answering.start()
        try:
            yield
        finally:
            over.set()
            answering.join()


def test_a_caller_waits_in_the_queue_and_an_agent_is_paused(pbx, sh, live):
    agent = f"{pbx.tech}/240"
    with (
        pbx.telephone("200").rings(),
        pbx.telephone("240").refuses(),
        pbx.telephone("2222").calls("610"),
    ):
        caller = only(live.tables["callers"])
        assert (caller["queue"], caller["position"], caller["caller"]) == ("support", 1, "2222")
        assert live.queues.set_index("queue").loc["support", "calls"] == 1
        sh.ast.queue_pause("support", agent, True, "lunch")
        member = eventually(lambda: _member(live, agent, paused=True))
        assert (member["name"], member["reason"]) == ("Hall", "lunch")
        sh.ast.queue_pause("support", agent, False)
        eventually(lambda: _member(live, agent, paused=False))
    eventually(lambda: not len(live.tables["callers"]))
    assert live.queues.set_index("queue").loc["support", "calls"] == 0


def _member(live, interface, **wanted):
    row = live.tables["members"].rows().get(f"support|{interface}")
    return row if row and all(row[name] == value for name, value in wanted.items()) else None


def test_members_are_added_under_a_name_and_removed(pbx, sh, live):
    agent = "Local/30@phones/n"
    sh.ast.queue_add("support", agent, name="Kitchen")
    assert eventually(lambda: _member(live, agent))["name"] == "Kitchen"
    assert live.absent.empty
    sh.ast.queue_remove("support", agent)
    eventually(lambda: _member(live, agent) is None)
    assert only(live.tables["absent"])["agent"] == "Kitchen"
    sh.ast.queue_add("support", agent, state_interface=f"{pbx.tech}/30")
    member = eventually(lambda: _member(live, agent))
    assert (member["agent"], member["state_interface"]) == ("30", f"{pbx.tech}/30")
    assert live.absent.empty
    sh.ast.queue_remove("support", agent)
    eventually(lambda: _member(live, agent) is None)
    with pytest.raises(ast_notebook.ActionRefused, match="Not there"):
        sh.ast.queue_remove("support", agent)


def test_a_participant_is_muted_and_put_out_of_the_conference(pbx, sh, live):
    with pbx.telephone("30").calls("620"), pbx.telephone("300").calls("620"):
        eventually(lambda: len(live.tables["participants"]) == 2)
        assert live.conferences.loc[0, "parties"] == 2
        channel = up(live, "30")["channel"]
        sh.ast.conference_mute("room", channel)
        eventually(lambda: live.participants.set_index("channel").loc[channel, "muted"])
        sh.ast.conference_mute("room", channel, False)
        eventually(lambda: not live.participants.set_index("channel").loc[channel, "muted"])
        sh.ast.conference_kick("room", channel)
        eventually(lambda: len(live.tables["participants"]) == 1)
    eventually(lambda: not len(live.tables["conferences"]))


def test_a_conference_that_was_there_before_is_known_at_connect(pbx, sh):
    with pbx.telephone("30").calls("620"):
        only(sh.ast.live.tables["participants"])
        with ast_notebook.connect(pbx.host, pbx.port, username="panel", password="secret") as late:
            assert late.ast.live.conferences["conference"].tolist() == ["room"]
            assert late.ast.live.participants["caller"].tolist() == ["30"]


def test_a_call_is_parked_and_fetched(pbx, sh, live):
    with pbx.telephone("300").calls("600"):
        channel = up(live, "300")
        sh.ast.park(channel["channel"], channel["uniqueid"])
        parked = only(live.tables["parked"])
        assert parked["caller"] == "300"
        assert 701 <= int(parked["space"]) <= 709
        with pbx.telephone("30").calls(parked["space"]):
            eventually(lambda: not len(live.tables["parked"]))


def test_a_channel_is_redirected_recorded_listened_to_and_hung_up(pbx, sh, live):
    with pbx.telephone("300").calls("600"), pbx.telephone("200").answers():
        channel = up(live, "300")
        name, uniqueid = channel["channel"], channel["uniqueid"]
        file = sh.ast.record_channel(name, uniqueid)
        assert uniqueid in file
        eventually(lambda: list(pbx.directories.spool.rglob(file)))
        eventually(lambda: up(live, "300")["recorded"])
        sh.ast.stop_recording(name, uniqueid)
        eventually(lambda: not up(live, "300")["recorded"])
        for mode in ("listen", "whisper", "barge"):
            assert sh.ast.spy(name, f"{pbx.tech}/200", mode).wait() == "answered"
            eventually(lambda: "ChanSpy" in sh.ast.command("core show channels"))
            eventually(lambda: up(live, "200")["application"] == "ChanSpy")
            sh.ast.hangup("200")
            eventually(lambda: len(live.tables["channels"]) == 1)
        sh.ast.redirect(name, "620", "phones", uniqueid)
        eventually(lambda: len(live.tables["participants"]) == 1)
        sh.ast.hangup_channel(name, uniqueid)
        eventually(lambda: not len(live.tables["channels"]))
        with pytest.raises(ast_notebook.ChannelGone, match="nothing was done"):
            sh.ast.hangup_channel(name, uniqueid)
        with pytest.raises(ast_notebook.ChannelGone):
            sh.ast.redirect(name, "620", "phones")


def test_a_recording_is_not_recorded_over(pbx, sh, live):
    with pbx.telephone("300").calls("600"):
        channel = up(live, "300")
        files = []
        for _ in range(2):
            files.append(sh.ast.record_channel(channel["channel"], channel["uniqueid"]))
            eventually(lambda: list(pbx.directories.spool.rglob(files[-1])))
            sh.ast.stop_recording(channel["channel"], channel["uniqueid"])
        assert files[0] != files[1]
        assert all(file.startswith(channel["uniqueid"]) for file in files)


def test_a_channel_is_recorded_until_the_last_recording_of_it_ends(pbx, sh, live):
    with pbx.telephone("300").calls("600"):
        name = up(live, "300")["channel"]
        for _ in range(2):
            sh.ast.record_channel(name)
        eventually(lambda: up(live, "300")["recorded"])
        sh.ast.stop_recording(name)
        assert stays(lambda: up(live, "300")["recorded"])
        sh.ast.stop_recording(name)
        eventually(lambda: not up(live, "300")["recorded"])


def test_a_channel_is_not_sent_where_there_is_nothing(pbx, sh, live):
    with pbx.telephone("300").calls("600"):
        channel = up(live, "300")["channel"]
        for exten, context in (("nobody", "phones"), ("600", "nowhere")):
            with pytest.raises(ast_notebook.ActionRefused, match=f"no {exten} in {context}"):
                sh.ast.redirect(channel, exten, context)
            with pytest.raises(ast_notebook.ActionRefused, match="nothing was done"):
                sh.ast.transfer(channel, exten, context)
        eventually(lambda: up(live, "300")["application"] == "Milliwatt")


@pytest.mark.parametrize(
    ("exten", "context"),
    [
        ("600,1", "phones"),
        ("60(0", "phones"),
        ("60)0", "phones"),
        ('6"0"0', "phones"),
        ("6\\00", "phones"),
        ("1", "phones,600"),
    ],
)
def test_a_channel_is_not_sent_where_the_dialplan_cannot_be_asked_for(
    pbx, sh, live, exten, context
):
    with pbx.telephone("300").calls("600"):
        channel = up(live, "300")["channel"]
        for send in (sh.ast.redirect, sh.ast.transfer):
            with pytest.raises(ast_notebook.UnsafeText, match="take it out; nothing was done"):
                send(channel, exten, context)
        assert up(live, "300")["channel"] == channel


def test_a_channel_is_sent_where_only_its_caller_may_go(pbx, sh, live):
    pbx.cli("dialplan add extension vip/300,1,Milliwatt() into phones")
    with pbx.telephone("300").calls("600"), pbx.telephone("30").calls("600"):
        with pytest.raises(ast_notebook.ActionRefused, match="no vip in phones"):
            sh.ast.redirect(up(live, "30")["channel"], "vip", "phones")
        sh.ast.redirect(up(live, "300")["channel"], "vip", "phones")
        eventually(lambda: up(live, "300")["exten"] == "vip")


def test_who_talks_to_nobody_has_no_call_to_hand_over(pbx, sh, live):
    with pbx.telephone("300").calls("600"):
        channel = up(live, "300")["channel"]
        with pytest.raises(ast_notebook.ActionRefused, match="talks to nobody"):
            sh.ast.transfer(channel, "200", "phones")


def _rows(live):
    return live.tables["channels"].rows().values()


def test_an_attended_transfer_asks_the_third_party_first(pbx, sh, live):
    with (
        pbx.telephone("200").answers(),
        pbx.telephone("240").answers(),
        pbx.telephone("30").calls("200"),
    ):
        channel = up(live, "200")
        eventually(lambda: live.tables["channels"].rows()[channel["uniqueid"]]["bridge"])
        sh.ast.transfer(channel["channel"], "240", "phones", channel["uniqueid"])
        up(live, "240")
        sh.ast.hangup_channel(channel["channel"])
        # The two stay connected through a Local channel, which Asterisk takes out once media flows.
        devices = {f"{pbx.tech}/30", f"{pbx.tech}/240"}
        eventually(lambda: {row["device"] for row in _rows(live)} - {""} == devices)
        eventually(lambda: all(row["bridge"] for row in _rows(live)))


def test_a_held_channel_says_so_and_calls_are_counted(pbx, sh, live):
    with pbx.telephone("30").calls("600"), pbx.telephone("300").calls("600"):
        eventually(lambda: live.calls == 2)
        assert live.concurrency().iloc[-1] == 2
    eventually(lambda: live.calls == 0)
    assert live.concurrency().max() >= 2


def test_a_login_without_the_class_agent_is_told_that_queues_are_silent(pbx, sh):
    assert sh.ast.live.unheard == {}
    assert sh.ast.may("QueuePause")
    with ast_notebook.connect(pbx.host, pbx.port, username="admin", password="secret") as admin:
        eventually(lambda: "`agent`" in admin.ast.live.unheard.get("queues", ""))
        steps = admin.ast.live.unheard["application and extension of channels"]
        assert "`dialplan`" in steps
        assert not admin.ast.may("QueuePause")
        with pytest.raises(ast_notebook.PermissionMissing, match="`agent`"):
            admin.ast.queue_pause("support", f"{pbx.tech}/240", True)


def test_a_follower_hears_which_rows_changed(pbx, sh, live):
    follower = live.follow()
    follower.take()
    with pbx.telephone("30").calls("600"):
        uniqueid = up(live, "30")["uniqueid"]
        assert uniqueid in follower.take()["channels"]
        assert "channels" not in follower.take()
    eventually(lambda: uniqueid in follower.take().get("channels", ()))
    follower.close()
