"""The kernel that records is suspended with its machine, or killed."""

import contextlib
import signal
import subprocess
import sys
import threading
import time

from ast_notebook.ami import Secret, Session, Settings
from ast_notebook.recording import read
from tests.asterisk.faults import LONG
from tests.asterisk.faults.situation import PATIENCE, gaps, numbers
from tests.support.paths import ROOT
from tests.support.waiting import eventually

#: Seconds that a machine is suspended.
SUSPENDED = 60.0 if LONG else 3.0


class Kernel:
    """A process of its own that records a PBX to a folder."""

    def __init__(self, pbx, folder, user):
        self.pbx, self.folder, self.user = pbx, folder, user
        self.told = ["", "0", "0"]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.asterisk.faults.recorder",
                str(pbx.port),
                str(folder),
                user,
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        eventually(lambda: self.told[0] == "connected", PATIENCE)

    def _read(self):
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told = line.split()

    @property
    def reconnects(self):
        return int(self.told[2])

    def send(self, number):
        self.process.send_signal(number)

    def recorded(self, kind="Numbered"):
        return numbers(read(self.folder), kind)

    def is_logged_in(self):
        return f"{self.user} " in self.pbx.cli("manager show connected")

    def end(self):
        self.process.kill()
        self.process.wait()
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def kernel(pbx, folder, user="panel"):
    one = Kernel(pbx, folder, user)
    try:
        yield one
    finally:
        one.end()


@contextlib.contextmanager
def speaker(pbx):
    """Something that has the PBX say numbers."""
    settings = Settings(port=pbx.port, username="control", password=Secret("secret"), events="off")
    with Session(settings, name="control").connect() as session:

        def say(numbers):
            for number in numbers:
                session.request(
                    {"Action": "UserEvent", "UserEvent": "Numbered", "Number": str(number)}
                )

        yield say, session


def test_a_suspended_machine_loses_nothing_that_its_pbx_kept_for_it(faulty22, tmp_path):
    with speaker(faulty22) as (say, _), kernel(faulty22, tmp_path) as one:
        say(range(20))
        eventually(lambda: len(one.recorded()) == 20, PATIENCE)
        one.send(signal.SIGSTOP)
        say(range(20, 40))
        time.sleep(SUSPENDED)  # how long it lasts is the case itself
        say(range(40, 60))
        one.send(signal.SIGCONT)
        eventually(lambda: len(one.recorded()) == 60, PATIENCE)
        assert one.recorded() == list(range(60))
        assert gaps(read(tmp_path)).empty
        assert one.reconnects == 0


def test_a_suspended_machine_that_its_pbx_hung_up_on_has_a_gap_and_comes_back(faulty, tmp_path):
    with speaker(faulty) as (say, control), kernel(faulty, tmp_path, "hasty") as one:
        say(range(20))
        eventually(lambda: len(one.recorded()) == 20, PATIENCE)
        one.send(signal.SIGSTOP)
        flood = {"Action": "Originate", "Channel": "Local/s@flood/n", "Application": "Wait"}
        control.request({**flood, "Data": "600", "Async": "true"})
        eventually(lambda: not one.is_logged_in(), PATIENCE)
        faulty.cli("channel request hangup all")
        eventually(lambda: not faulty.channels(), PATIENCE)
        one.send(signal.SIGCONT)
        eventually(lambda: one.reconnects == 1 and one.told[0] == "connected", PATIENCE)
        say(range(20, 40))
        eventually(lambda: set(range(20, 40)) <= set(one.recorded()), PATIENCE)
        assert one.recorded() == list(range(40))
        told = gaps(read(tmp_path))
        assert list(told["event"]) == ["SessionLost", "SessionRestored"]
        assert float(told["seconds"].iloc[1]) >= 0


def test_a_killed_kernel_leaves_what_it_recorded_and_no_login(faulty22, tmp_path):
    with speaker(faulty22) as (say, _):
        with kernel(faulty22, tmp_path) as one:
            say(range(20))
            eventually(lambda: len(one.recorded()) == 20, PATIENCE)
            say(range(20, 40))
            one.send(signal.SIGKILL)
            one.process.wait()
        left = read(tmp_path)
        found = numbers(left)
        assert found == list(range(len(found)))
        assert len(found) >= 20
        (lost,) = left[left["event"] == "RecordingLost"]["reason"]
        assert "recorder was killed" in lost
        eventually(lambda: not one.is_logged_in(), PATIENCE)
        with kernel(faulty22, tmp_path) as next_one:
            say(range(40, 60))
            eventually(lambda: set(range(40, 60)) <= set(next_one.recorded()), PATIENCE)
            assert next_one.recorded() == [*found, *range(40, 60)]
