"""`ast-notebook record` is a service: it records until it is told to stop, and says how it goes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

import pytest

from ast_notebook import demo
from ast_notebook.__main__ import main
from ast_notebook.console import record
from ast_notebook.recording import read
from tests.support.fake_manager import FakeManager
from tests.support.paths import ROOT
from tests.support.recorder import COMMAND, RecorderProcess, files
from tests.support.waiting import eventually

PATIENCE = 90.0


@pytest.fixture(scope="module")
def pbx():
    with demo.start(seed=1, username="panel") as started:
        yield started


def login(pbx):
    return f"{pbx.username}@{pbx.host}:{pbx.port}"


def test_a_signal_ends_it_once_all_is_written_and_sealed(pbx, tmp_path):
    heard = 0
    for number, by in enumerate((signal.SIGTERM, signal.SIGINT), 1):
        with RecorderProcess(
            login(pbx), "--to", tmp_path, "--every", 0.2, password=pbx.password
        ) as recorder:
            eventually(lambda: recorder.last.get("written"), PATIENCE)
            assert recorder.stop(by) == 0
            end = recorder.last
            assert end["state"] == "closed"
            assert (end["waiting"], end["lost"], end["error"]) == (0, 0, "")
            heard += end["written"]
        assert not files(tmp_path, ".arrows")
        assert len(files(tmp_path, ".parquet")) == number
    found = read(tmp_path)
    assert len(found[~found["event"].isin(["LiveState", "LiveChange"])]) == heard
    assert "RecordingLost" not in set(found["event"])
    assert {"CoreShowChannelsComplete", "LiveState"} <= set(found["event"])


def test_a_second_signal_loses_no_event(tmp_path):
    many = 40_000
    text = "Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Tick\r\nNumber: {}\r\n\r\n"
    with FakeManager() as manager:
        address = f"admin@127.0.0.1:{manager.port}"
        with RecorderProcess(address, "--to", tmp_path, "--every", 0.2) as recorder:
            eventually(lambda: recorder.last.get("state") == "connected", PATIENCE)
            manager.clients[-1].raw("".join(map(text.format, range(many))).encode())
            eventually(lambda: recorder.last.get("written"), PATIENCE)
            recorder.process.send_signal(signal.SIGTERM)
            recorder.process.send_signal(signal.SIGINT)
            recorder.process.send_signal(signal.SIGTERM)
            assert recorder.wait(PATIENCE) == 0
            end = recorder.last
            assert (end["waiting"], end["lost"]) == (0, 0)
    found = read(tmp_path)
    assert len(found[~found["event"].isin(["LiveState", "LiveChange"])]) == end["written"] > 0
    assert "RecordingLost" not in set(found["event"])


def test_systemd_is_told_that_it_is_ready_alive_and_ending(pbx, tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(PATIENCE)
        with RecorderProcess(
            *(login(pbx), "--to", tmp_path / "calls", "--every", "0.5"),
            password=pbx.password,
            NOTIFY_SOCKET=str(path),
            WATCHDOG_USEC="1000000",
        ) as recorder:
            told = []
            while told.count("WATCHDOG=1") < 3 or "READY=1" not in told:
                told.append(listener.recv(4096).decode())
            while not told[-1].startswith("STATUS=ast: connected"):
                told.append(listener.recv(4096).decode())
            recorder.process.terminate()
            while told[-1] != "STOPPING=1":
                told.append(listener.recv(4096).decode())
            assert recorder.wait() == 0


def test_it_waits_for_a_pbx_that_is_not_there_yet(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    to = (f"panel@127.0.0.1:{port}", "--to", tmp_path, "--every", 0.2)
    with RecorderProcess(*to) as recorder:
        eventually(lambda: "nothing answers" in recorder.last.get("error", ""), PATIENCE)
        assert recorder.last["state"] == "connecting"
        assert recorder.last["written"] is None
        command = [sys.executable, "-m", "ast_notebook.demo", "--port", str(port)]
        with subprocess.Popen(
            [*command, "--secret", "secret"], cwd=ROOT, stdout=subprocess.DEVNULL
        ) as pbx:
            eventually(lambda: recorder.last.get("written"), PATIENCE)
            assert recorder.last["state"] == "connected"
            pbx.terminate()
        eventually(lambda: recorder.last["state"] == "lost", PATIENCE)
        assert recorder.last["error"]
        assert recorder.stop() == 0


def test_a_refused_login_ends_it_with_one_line_and_2(pbx, tmp_path):
    with RecorderProcess(login(pbx), "--to", tmp_path, password="hunter2hunter2") as recorder:
        assert recorder.wait() == 2
        assert recorder.last["state"] == "failed"
        (line,) = recorder.complaints
        assert "Authentication failed" in line
        assert "hunter2" not in line


def test_all_pbxs_of_a_plugin_conf_are_recorded_side_by_side(pbx, tmp_path):
    section = (
        "[{name}]\nclass_name = Asterisk\nhost = {host}\nport = {port}\nusername = panel\n"
        "password = {password}\n"
    )
    conf = tmp_path / "plugin.conf"
    conf.write_text(
        "".join(
            section.format(name=name, host=pbx.host, port=pbx.port, password=pbx.password)
            for name in ("berlin", "paris")
        )
    )
    conf.chmod(0o600)
    calls = tmp_path / "calls"
    with RecorderProcess("--conf", conf, "--to", calls, "--every", 0.2) as recorder:
        eventually(
            lambda: {one["pbx"] for one in recorder.said if one["written"]} == {"berlin", "paris"},
            PATIENCE,
        )
        assert recorder.stop() == 0
    assert set(read(calls)["server"]) == {"berlin", "paris"}


def test_pseudonyms_are_written_by_a_stored_key_alone(pbx, tmp_path):
    to = (login(pbx), "--to", tmp_path, "--every", 0.2, "--anonymize")
    nobody = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    with RecorderProcess(*to, password=pbx.password, **nobody) as recorder:
        assert recorder.wait() == 2
        assert "set AST_ANONYMIZE_KEY" in recorder.complaints[0]
    key = {"AST_ANONYMIZE_KEY": "0123456789abcdefghij"}
    with RecorderProcess(*to, password=pbx.password, **nobody, **key) as recorder:
        eventually(lambda: recorder.last.get("written"), PATIENCE)
        assert recorder.stop() == 0
    assert not read(tmp_path)["channel"].dropna().str.contains("PJSIP/200-").any()


def test_a_report_is_written_from_its_archive(pbx, tmp_path):
    with RecorderProcess(
        login(pbx), "--to", tmp_path / "calls", "--every", 0.2, password=pbx.password
    ) as recorder:
        eventually(lambda: recorder.last.get("written"), PATIENCE)
        recorder.stop()
    page = tmp_path / "report.html"
    done = subprocess.run(
        [*COMMAND, "report", str(tmp_path / "calls"), "--html", str(page), "--title", "<Mine>"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("<Mine>")
    assert "&lt;Mine&gt;" in page.read_text()


def test_the_demo_says_how_to_connect_to_it(tmp_path):
    command = [*COMMAND, "demo", "--port", "0", "--no-calls"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as running:
        assert running.stdout is not None
        told = [running.stdout.readline() for _ in range(3)]
        words = told[2].split()
        password = words[words.index("terminal:") + 1].removeprefix("AST_PASSWORD=")
        where = words[words.index("record") + 1]
        with RecorderProcess(where, "--to", tmp_path, "--every", 0.2, password=password) as one:
            eventually(lambda: one.last.get("state") == "connected", PATIENCE)
            assert one.stop() == 0
        running.terminate()
    assert told[1] == f"In a notebook: %ast connect {where}\n"


def test_the_unit_of_the_documentation_is_one_that_systemd_takes(tmp_path):
    text = (ROOT / "docs" / "recorder.md").read_text()
    unit = re.search(r"```ini\n(# /etc/systemd.*?)```", text, re.DOTALL)
    assert unit is not None
    words = re.search(r"^ExecStart=(\S+) (.*)$", unit[1], re.MULTILINE)
    assert words is not None
    with pytest.raises(SystemExit) as ended:
        main([*words[2].split(), "--help"])  # which is looked at behind all options
    assert ended.value.code == 0
    verify = shutil.which("systemd-analyze")
    if verify is not None:
        path = tmp_path / "ast-recorder.service"
        path.write_text(unit[1].replace(words[1], sys.executable))
        done = subprocess.run([verify, "verify", str(path)], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_signal_that_comes_while_the_main_thread_holds_a_lock_ends_the_recorder():
    """`threading.Event` has a lock that its own `wait` holds now and then."""
    stop = threading.Event()
    with record._signals(stop, []):
        with vars(stop)["_cond"]:
            signal.raise_signal(signal.SIGTERM)
        assert stop.wait(60)
