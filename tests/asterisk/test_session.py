"""A session with a real Asterisk: it answers right, lets us in, and ends."""

import logging
import pickle
import re
import ssl
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest

from ast_notebook.ami import Secret, Session, Settings, reader
from ast_notebook.ami.permissions import WRITE_CLASS
from ast_notebook.errors import (
    ActionRefused,
    ConfError,
    ConnectionLost,
    LoginRefused,
)
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.sessions import closes_in_time, opened, settings
from tests.support.waiting import eventually

PACKAGE = Path(reader.__file__).parents[1]


# --- answers -------------------------------------------------------------------------------------


def test_four_threads_asking_500_questions_each_get_their_own_answers_in_a_flood(pbx):
    with opened(pbx, timeout=60) as session:
        flood = {"Action": "Originate", "Channel": "Local/20000@flood/n", "Application": "Wait"}
        session.request(flood | {"Data": "20", "Async": "true"})
        right, wrong = [], []

        def ask(thread):
            for number in range(250):
                key = {"Family": f"thread{thread}", "Key": str(number)}
                session.request({"Action": "DBPut", "Val": f"{thread}-{number}", **key})
                answer = session.request({"Action": "DBGet", **key})
                found = [(one["Key"], one["Val"]) for one in answer]
                good = found == [(str(number), f"{thread}-{number}")]
                (right if good else wrong).append(found)

        before = session.events_read
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (len(right), wrong) == (1000, [])  # each of two questions: 2,000 answers
        assert session.events_read > before + 1000
        assert session.counts["unmatched"] == 0


def test_a_refusal_says_what_and_pyst2s_methods_work(pbx):
    with opened(pbx) as session:
        with pytest.raises(ActionRefused, match="Asterisk refused DBGet: Database entry not found"):
            session.request({"Action": "DBGet", "Family": "no", "Key": "such"})
        assert session.dbput("a", "b", "c")["Response"] == "Success"
        assert session.dbget("a", "nothing")["Response"] == "Error"
        pyst2: Any = session
        assert pyst2.ping()["Ping"] == "Pong"
        assert session.mailbox_count("22@default")["NewMessages"].isdigit()
        assert session.command("core show uptime")["Message"] == "Permission denied"
        queued = session.originate("Local/601@phones", "600", "phones", "1", run_async=True)
        assert queued["Message"] == "Originate successfully queued"
        eventually(lambda: not session.request({"Action": "CoreShowChannels"}).events)


# --- logging in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["auto", "secret", "md5"])
def test_logging_in_by_secret_and_by_challenge(pbx, auth):
    with opened(pbx, auth=auth) as session:
        assert session.request({"Action": "Ping"}).response.ok


@pytest.mark.parametrize("auth", ["secret", "md5"])
def test_a_wrong_password_is_one_clean_line_and_shows_nowhere(pbx, auth, caplog):
    caplog.set_level(logging.DEBUG)
    session = Session(settings(pbx, auth=auth, password=Secret("hunter2")))
    with pytest.raises(
        LoginRefused, match="did not let 'admin' in: Authentication failed"
    ) as caught:
        session.connect()
    told = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "hunter2" not in f"{caught.value}{session!r}{session.settings!r}{caplog.text}{told}"
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(session.settings)


@pytest.mark.parametrize(
    ("host", "is_exposed"),
    [
        ("localhost", False),
        ("LocalHost.", False),
        ("127.8.9.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("localhost.example", True),
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("fe80::1%lo", True),
        ("pbx", True),
    ],
)
def test_what_leaves_this_machine_is_exposed_unless_it_is_encrypted(host, is_exposed):
    assert Settings(host=host).is_exposed is is_exposed
    assert not Settings(host=host).sends_password
    assert Settings(host=host).may_send_password is not is_exposed
    assert not Settings(host=host, tls=True).is_exposed
    assert Settings(host=host, tls=True).sends_password


def test_a_filter_keeps_events_away(pbx):
    heard = []
    session = Session(settings(pbx, filters=("Event: Hangup",)))
    session.register_event("*", lambda event, session: heard.append(event.name))
    with session.connect():
        pyst2: Any = session
        pyst2.originate("Local/601@phones", "601", "phones", "1", run_async=True)
        eventually(lambda: "Hangup" in heard)
    assert set(heard) <= {"Hangup", "HangupRequest", "SessionReady", "FullyBooted"}


def test_pyst2s_own_way_to_connect_and_log_in(pbx):
    session = Session()
    session.connect(pbx.host, pbx.port)
    try:
        assert session.title == "Asterisk Call Manager"
        assert session.login("admin", "secret")["Response"] == "Success"
        assert session.connected()
        pyst2: Any = session
        assert pyst2.ping()["Ping"] == "Pong"
    finally:
        session.close()


# --- TLS and addresses ---------------------------------------------------------------------------


def test_tls_is_verified_unless_told_otherwise():
    require(22)
    with Asterisk(22, tls=True) as pbx:
        given = {"port": pbx.tls_port, "host": "localhost"}
        with opened(pbx, tls=str(pbx.ca_file), **given) as session:
            assert session.request({"Action": "Ping"}).response.ok
            threads = [
                threading.Thread(
                    target=lambda: [session.request({"Action": "Ping"}) for _ in range(50)]
                )
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            assert session.counts["unmatched"] == 0
        with pytest.raises(ConnectionLost, match=r"TLS with localhost.* failed.*tls='FILE.pem'"):
            opened(pbx, tls=True, **given)
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        with opened(pbx, tls=unverified, **given) as session:
            assert session.connected()
        with pytest.raises(ConnectionLost, match="TLS"):
            opened(pbx, tls=True)
    with pytest.raises(ConfError, match="not a readable file"):
        Session(Settings(tls="no/such.pem"))


def test_closing_in_a_flood(pbx):
    session = opened(pbx)
    flood = {"Action": "Originate", "Channel": "Local/50000@flood/n", "Application": "Wait"}
    session.request(flood | {"Data": "5", "Async": "true"})
    eventually(lambda: session.events_read > 1000)
    assert closes_in_time(session)
    pbx.cli("channel request hangup all")
    eventually(lambda: not pbx.channels())


# --- permissions ---------------------------------------------------------------------------------

ASKED = re.compile(r'(?:"Action": |\baction\(|_order\(|_on_channel\(|_prompt\()"(\w+)"')


def test_the_permission_that_is_missing_is_the_one_that_asterisk_wants(pbx):
    rooms = ("", "asterisk", "live", "bindings", "magics", "panel")
    files = [file for room in rooms for file in (PACKAGE / room).glob("*.py")]
    asked = {name.lower() for file in files for name in ASKED.findall(file.read_text())}
    assert "hangup" in asked
    wrong = {}
    for action in sorted(asked | set(WRITE_CLASS)):
        _, privilege, rest = pbx.cli(f"manager show command {action}").partition("[Privilege]\n")
        wanted = set(rest.split("\n")[0].strip().split(",")) - {"all", "<none>"}
        given = set(re.split(r", | or ", WRITE_CLASS.get(action, ""))) - {""}
        if privilege and given != wanted:
            wrong[action] = " or ".join(sorted(wanted))
    assert not wrong, wrong
