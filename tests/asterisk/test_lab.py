"""The lab itself: what the other tests stand on, seen by plain sockets on real Asterisks."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.asterisk import Asterisk, AsteriskError
from tests.lab.configuration import DEVICES
from tests.lab.fixtures import require
from tests.lab.telephone import TelephoneError


class Manager:
    """As little of a manager session as these tests need."""

    def __init__(self, pbx: Asterisk, username: str = "admin", secret: str = "secret") -> None:
        self._socket = socket.create_connection((pbx.host, pbx.port), timeout=10)
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\r\n")
        self.greeting = self._lines.readline().strip()
        self.login = self.ask(Action="Login", Username=username, Secret=secret)

    def ask(self, **fields: str) -> dict[str, str]:
        """The response to an action."""
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._socket.sendall(f"{text}\r\n".encode())
        return self.next(lambda message: "Response" in message and "Event" not in message)

    def event(self, name: str, **fields: str) -> dict[str, str]:
        """The next event with this name and these fields."""
        wanted = {"Event": name, **fields}
        return self.next(lambda message: wanted.items() <= message.items())

    def next(self, wanted: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        while True:
            message = self._read()
            if wanted(message):
                return message

    def _read(self) -> dict[str, str]:
        message: dict[str, str] = {}
        while line := self._lines.readline():
            if line == "\r\n":
                return message
            name, _, value = line.rstrip("\r\n").partition(":")
            message[name] = value.removeprefix(" ")
        raise EOFError("Asterisk closed the connection.")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


Connect = Callable[..., Manager]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens sessions, and closes them after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *login: stack.enter_context(contextlib.closing(Manager(*login)))


@pytest.fixture
def manager(pbx: Asterisk, connect: Connect) -> Manager:
    """A session that sees everything."""
    return connect(pbx, pbx.panel)


@pytest.fixture(params=[16, 22])
def version(request: pytest.FixtureRequest) -> int:
    """For tests that need an Asterisk of their own."""
    require(request.param)
    return int(request.param)


def eventually(reached: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_both_versions_say_who_they_are(
    asterisk16: Asterisk, asterisk22: Asterisk, connect: Connect
) -> None:
    assert connect(asterisk16).greeting == "Asterisk Call Manager/5.0.4"
    assert connect(asterisk22).greeting.startswith("Asterisk Call Manager/11.")
    assert "Asterisk 16." in asterisk16.cli("core show version")
    assert "Asterisk 22." in asterisk22.cli("core show version")


def test_both_logins_are_let_in_and_told_of_the_boot(pbx: Asterisk, connect: Connect) -> None:
    for username in (pbx.username, pbx.panel):
        session = connect(pbx, username, pbx.password)
        assert session.login["Message"] == "Authentication accepted"
        assert session.event("FullyBooted")["Status"] == "Fully Booted"


def test_the_seeds_permissions_are_not_enough_for_commands(pbx: Asterisk, connect: Connect) -> None:
    command = {"Action": "Command", "Command": "core show uptime"}
    assert connect(pbx, pbx.username).ask(**command)["Message"] == "Permission denied"
    assert connect(pbx, pbx.panel).ask(**command)["Response"] == "Success"


def test_everything_the_samples_use_is_loaded(pbx: Asterisk) -> None:
    wanted = """
        app_chanspy app_confbridge app_dial app_milliwatt app_mixmonitor app_originate app_playback
        app_queue app_stack app_system app_userevent app_verbose app_voicemail
        bridge_builtin_features cdr_csv cdr_manager cel_custom cel_manager codec_alaw codec_gsm
        codec_ulaw format_wav pbx_config pbx_spool res_manager_devicestate
        res_manager_presencestate res_musiconhold res_parking res_rtp_asterisk res_timing_timerfd
    """
    channel_driver = "chan_sip" if pbx.tech == "SIP" else "chan_pjsip"
    lines = pbx.cli("module show").splitlines()
    running = {line.split()[0] for line in lines if ".so " in line and "Not Running" not in line}
    assert {f"{module}.so" for module in [*wanted.split(), channel_driver]} <= running


@pytest.mark.parametrize("after", [0.0, 0.01, 0.02, 0.03])
def test_who_hangs_up_just_as_it_is_answered_leaves_no_channel(pbx: Asterisk, after: float) -> None:
    with pbx.telephone("2222").calls("600"):
        time.sleep(after)
    assert eventually(lambda: not pbx.channels())


@pytest.mark.parametrize("device", DEVICES)
def test_a_call_from_a_telephone_is_a_channel_of_its_device(pbx: Asterisk, device: str) -> None:
    with pbx.telephone(device).calls("600") as call:
        call.wait_answered()
        (channel,) = pbx.channels()
        assert channel.startswith(f"{pbx.tech}/{device}-")
    assert eventually(lambda: not pbx.channels())


def test_a_call_between_telephones_has_two_channels(pbx: Asterisk) -> None:
    with pbx.telephone("2222").answers(after=0.2), pbx.telephone("30").calls("2222") as call:
        call.wait_answered()
        devices = {channel.rpartition("-")[0] for channel in pbx.channels()}
        assert devices == {f"{pbx.tech}/2222", f"{pbx.tech}/30"}
        call.hang_up()
        assert eventually(lambda: not pbx.channels())


def test_lamps_are_lit(pbx: Asterisk, manager: Manager) -> None:
    with pbx.telephone("200").rings(), pbx.telephone("30").calls("200"):
        assert manager.event("ExtensionStatus", Exten="200", StatusText="Ringing")


def test_who_is_called_can_hang_up(pbx: Asterisk) -> None:
    with pbx.telephone("240").answers(seconds=0.5), pbx.telephone("30").calls("240") as call:
        call.wait_over()
        assert call.is_answered


def test_who_calls_can_hang_up(pbx: Asterisk) -> None:
    with pbx.telephone("30").calls("600", seconds=0.5) as call:
        call.wait_over()
        assert call.is_answered
    assert eventually(lambda: not pbx.channels())


def test_who_calls_can_give_up(pbx: Asterisk) -> None:
    with pbx.telephone("240").rings(), pbx.telephone("30").calls("240") as call:
        assert eventually(lambda: len(pbx.channels()) == 2)
        call.hang_up()
        assert call.is_over
        assert not call.is_answered
        assert eventually(lambda: not pbx.channels())


@pytest.mark.parametrize(
    ("code", "by_sip", "by_pjsip"),
    [
        (486, "BUSY", "BUSY"),
        (603, "BUSY", "NOANSWER"),
        (480, "BUSY", "NOANSWER"),
        (503, "CONGESTION", "CONGESTION"),
    ],
)
def test_what_a_refusal_is_called_is_the_channel_drivers_business(
    pbx: Asterisk, manager: Manager, code: int, by_sip: str, by_pjsip: str
) -> None:
    with pbx.telephone("240").refuses(code), pbx.telephone("30").calls("240") as call:
        status = manager.event("DialEnd")["DialStatus"]
        assert status == (by_sip if pbx.tech == "SIP" else by_pjsip)
        call.wait_over()
        assert not call.is_answered


def test_a_telephone_that_is_refused_says_so(pbx: Asterisk) -> None:
    with (
        pbx.telephone("240").refuses(486),
        pbx.telephone("30").calls("240") as call,
        pytest.raises(TelephoneError, match="486 Busy Here"),
    ):
        call.wait_answered()


def test_a_message_lights_the_lamp(pbx: Asterisk, manager: Manager) -> None:
    pbx.leave_message("22")
    waiting = manager.event("MessageWaiting", Mailbox="22@default")
    assert int(waiting["New"]) >= 1
    (box,) = (line for line in pbx.cli("voicemail show users").splitlines() if " 22 " in line)
    assert box.split()[-1] == waiting["New"]


def test_the_queue_rings_its_members(pbx: Asterisk, manager: Manager) -> None:
    with pbx.telephone("200").answers(), pbx.telephone("30").calls("610"):
        assert manager.event("AgentConnect")["MemberName"] == "Door"


def test_two_meet_in_the_conference(pbx: Asterisk, manager: Manager) -> None:
    with pbx.telephone("200").calls("620"), pbx.telephone("30").calls("620"):
        for _ in range(2):
            assert manager.event("ConfbridgeJoin")["Conference"] == "room"


def test_a_parked_call_is_fetched(pbx: Asterisk, manager: Manager) -> None:
    with pbx.telephone("200").calls("700"):
        space = manager.event("ParkedCall")["ParkingSpace"]
        with pbx.telephone("30").calls(space):
            assert manager.event("UnParkedCall")["ParkingSpace"] == space


def test_the_button_sends_an_action(pbx: Asterisk, manager: Manager) -> None:
    with pbx.telephone("30").calls("801"):
        event = manager.event("UserEvent", UserEvent="Action")
    assert event["Source"] == "30"
    assert event["Destination"] == "Office"
    assert event["Value"] == "1"


def test_do_not_disturb_is_read_from_the_database(pbx: Asterisk, manager: Manager) -> None:
    manager.ask(Action="DBPut", Family="dnd", Key="office", Val="1")
    assert pbx.database("dnd/office") == "1"
    with pbx.telephone("2222").answers(), pbx.telephone("30").calls("2222") as call:
        call.wait_answered()
        (channel,) = pbx.channels()
        assert channel.startswith(f"{pbx.tech}/30-")
    manager.ask(Action="DBDel", Family="dnd", Key="office")
    assert pbx.database("dnd/office") is None


@pytest.mark.parametrize(
    "name",
    [
        "Smith, John",
        'John "the Smith" Smith',
        "back\\slash",
        "(open, [open, {open",
        "${TECH}",
        "it's; x: y",
        "Jürgen, Zoë",
    ],
)
def test_a_callers_name_comes_through_a_user_event(
    pbx: Asterisk, manager: Manager, name: str
) -> None:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    for context, destination in [("door", "Office"), ("home", None)]:
        with pbx.telephone("240").refuses():
            manager.ask(
                Action="Originate",
                Channel=f"Local/240@{context}/n",
                Application="Wait",
                Data="1",
                CallerID=f'"{escaped}" <5551>',
                Async="true",
            )
            event = manager.event("UserEvent", UserEvent="Call")
            assert eventually(lambda: not pbx.channels())
        assert event["Source"] == "5551"
        assert event["Value"] == name
        assert event.get("Destination") == destination


def test_a_flood_is_as_long_as_its_number(pbx: Asterisk, manager: Manager) -> None:
    pbx.cli("channel originate Local/200@flood/n application Wait 1")
    assert manager.event("UserEvent", UserEvent="Flood")["Number"] == "1"
    assert manager.event("UserEvent", Number="200")
    assert eventually(lambda: not pbx.channels())


def test_a_call_leaves_its_record(pbx: Asterisk, manager: Manager) -> None:
    with pbx.telephone("30").calls("600", seconds=0.2):
        start = manager.event("Newchannel", Exten="600")
        record = manager.event("Cdr", UniqueID=start["Uniqueid"])
    assert record["Disposition"] == "ANSWERED"
    assert record["LinkedID"] == start["Linkedid"]
    logs = [pbx.directories.log / name / "Master.csv" for name in ("cdr-csv", "cel-custom")]
    assert eventually(lambda: all(start["Uniqueid"] in log.read_text() for log in logs))


def test_one_version_runs_twice_at_once_and_ends_without_a_trace(version: int) -> None:
    with Asterisk(version) as first, Asterisk(version) as second:
        assert first.port != second.port
        with (
            first.telephone("30").calls("600") as call,
            second.telephone("2222").calls("600") as other,
        ):
            call.wait_answered()
            other.wait_answered()
            assert [name.rpartition("-")[0] for name in first.channels()] == [f"{first.tech}/30"]
            assert [name.rpartition("-")[0] for name in second.channels()] == [f"{first.tech}/2222"]
            processes = [first.pid, second.pid]
    assert not any(Path(f"/proc/{process}").exists() for process in processes)
    assert not first.folder.exists()
    with pytest.raises(AsteriskError):
        first.cli("core show version")


def test_a_restart_keeps_ports_and_database(version: int, connect: Connect) -> None:
    with Asterisk(version) as pbx:
        session = connect(pbx)
        session.ask(Action="DBPut", Family="dnd", Key="office", Val="1")
        before = pbx.pid, pbx.port
        pbx.restart()
        assert pbx.pid != before[0]
        assert pbx.port == before[1]
        assert connect(pbx).login["Response"] == "Success"
        assert pbx.database("dnd/office") == "1"


def test_a_killed_one_breaks_its_connections_and_comes_back(version: int, connect: Connect) -> None:
    with Asterisk(version) as pbx:
        session = connect(pbx)
        pbx.kill()
        assert pbx.pid is None
        with pytest.raises((EOFError, ConnectionError)):
            session.event("Nothing")
        pbx.start()
        assert connect(pbx).login["Response"] == "Success"


def test_the_manager_by_tls(version: int) -> None:
    with Asterisk(version, tls=True) as pbx:
        assert pbx.tls_port is not None
        context = ssl.create_default_context(cafile=pbx.ca_file)
        with (
            socket.create_connection((pbx.host, pbx.tls_port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            assert secure.recv(64).startswith(b"Asterisk Call Manager/")


def test_settings_differ_from_the_samples_where_asked(version: int) -> None:
    with Asterisk(version, settings={("manager.conf", "admin", "read"): "user"}) as pbx:
        assert "read=user\n" in (pbx.directories.etc / "manager.conf").read_text().replace(" ", "")
        assert "user" in pbx.cli("manager show user admin")


def test_one_that_cannot_start_says_why(version: int, tmp_path: Path) -> None:
    pbx = Asterisk(version, folder=tmp_path)
    (pbx.directories.etc / "modules.conf").write_text("[modules]\nrequire = nothing.so\n")
    with pytest.raises(AsteriskError, match=r"nothing\.so"):
        pbx.start()
    assert pbx.pid is None
