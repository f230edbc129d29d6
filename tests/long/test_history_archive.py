"""A history of an archive of ours; what its reading takes, and what is no history."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import psutil
import pytest

from ast_notebook.calls import agent_pauses, agent_sessions, measures, memory, visits
from ast_notebook.calls.engines import Work, lazy
from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.history import archive_calls, history
from ast_notebook.errors import ConfError
from ast_notebook.recording import Record
from tests.support.past import line, write
from tests.support.paths import RECORDINGS, ROOT
from tests.support.recorded import microseconds, texts_of
from tests.support.waiting import eventually

#: More than fits into 50 MB.
MUCH = "CREATE TEMP TABLE much AS SELECT uuid()::TEXT AS word FROM range(3_000_000)"


#: Bytes that an event is taken to need, so that all of them fit in memory or do not.
IN_MEMORY, ON_DUCKDB = 1, 1 << 40


@pytest.mark.parametrize(
    "place, an_event",
    [
        ("{}/archive", IN_MEMORY),
        ("{}/archive", ON_DUCKDB),
        ("file://{}/archive", IN_MEMORY),
        ("memory://{}/archive", ON_DUCKDB),
    ],
)
def test_an_archive_gives_the_calls_that_its_events_give(
    tmp_path: Path, place: str, an_event: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(memory, "AN_EVENT", an_event)
    place = place.format(tmp_path)
    record = Record("ast")
    record.to(place)
    frame = pd.read_parquet(RECORDINGS / "asterisk22" / "events.parquet")
    begin = int(frame["event"].eq("QueueCallerJoin").to_numpy().argmax()) - 200
    members = ("QueueMemberAdded", "QueueMemberPause", "QueueMemberRemoved")
    near = frame.index.isin(range(begin, begin + 1500))
    frame = frame[near | frame["event"].isin(members)]
    for text, received in zip(texts_of(frame), microseconds(frame["received"]), strict=True):
        record.add([text], received)
    live = from_events(record.frame())
    record.close()
    past = history(place)
    assert past.kind == "events"
    assert past.records == len(frame)
    pd.testing.assert_frame_equal(past.calls, live, check_dtype=False)
    assert isinstance(past.frame, pd.DataFrame) == (an_event == IN_MEMORY)
    assert len(past) == len(live)
    pd.testing.assert_frame_equal(past.visits, visits(record.frame()), check_dtype=False)
    pd.testing.assert_frame_equal(past.sessions, agent_sessions(record.frame()))
    pd.testing.assert_frame_equal(past.pauses, agent_pauses(record.frame()))
    assert past.sessions["pauses"].tolist() == [0, 0, 2]
    since = live["start"].dropna().iloc[2].to_pydatetime()
    page = past.report(tz="UTC", since=since)
    late = live[live["start"] >= since]
    pd.testing.assert_frame_equal(page.summary, measures.summary(late))
    apart = archive_calls(place, since=frame["received"].iloc[700])
    assert 0 < len(apart) < len(live)


def test_the_engine_of_an_archive_may_be_chosen(tmp_path: Path) -> None:
    record = Record("ast")
    record.to(tmp_path / "archive")
    record.add(["Event: Newchannel\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nChannel: SIP/1-1"], 1)
    record.close()
    here, there = (history(tmp_path / "archive", engine=engine) for engine in ("pandas", "duckdb"))
    assert isinstance(here.frame, pd.DataFrame)
    assert isinstance(there.frame, duckdb.DuckDBPyRelation)
    pd.testing.assert_frame_equal(here.calls, there.calls)
    with pytest.raises(ConfError, match=r"no engine 'dask'.*pandas, duckdb, spark.*docs/archive"):
        history(tmp_path / "archive", engine="dask")
    with pytest.raises(ConfError, match="engine='spark' needs your session"):
        history(tmp_path / "archive", engine="spark")
    (tmp_path / "Master.csv").write_text(line())
    with pytest.raises(ConfError, match="engine= is only for archives"):
        history(tmp_path / "Master.csv", engine="duckdb")


def test_calls_of_a_url_leave_nothing_else_on_the_connection_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = f"memory://{tmp_path}"
    record = Record("ast")
    record.to(place)
    record.add(["Event: Newchannel\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nChannel: SIP/1-1"], 1)
    record.close()
    with duckdb.connect() as connection:
        connection.sql("CREATE TEMP TABLE archived AS SELECT 42 AS mine")
        assert len(archive_calls(place, connection=connection)) == 1
        assert connection.table("archived").fetchall() == [(42,)]
        tables = connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()
        assert sum(len(connection.table(name)) for (name,) in tables) == 2


def test_the_room_is_what_the_system_or_a_container_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = memory.available()
    assert memory.fits(free // memory.AN_EVENT // 10)
    assert not memory.fits(free // memory.AN_EVENT * 10)
    for name, number in (("_LIMIT", 3_000_000), ("_TAKEN", 1_000_000)):
        (tmp_path / name).write_text(str(number))
        monkeypatch.setattr(memory, name, tmp_path / name)
    assert memory.available() == 2_000_000
    (tmp_path / "_LIMIT").write_text("max")
    assert memory.available() > 2_000_000


def test_what_a_killed_process_left_on_disk_goes_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(memory, "AT_MOST", 50_000_000)
    fill = "import os, signal; from ast_notebook.calls import memory; memory.AT_MOST = 50_000_000; "
    fill += f"connection = memory.connect(); connection.sql({MUCH!r}); "
    fill += "os.kill(os.getpid(), signal.SIGKILL)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", fill], env=environment, check=False)
    (left,) = tmp_path.iterdir()
    connection = memory.connect()
    connection.sql(MUCH)
    (mine,) = tmp_path.iterdir()
    assert mine != left
    other = memory.connect()
    assert list(tmp_path.iterdir()) == [mine]
    other.close()
    connection.close()
    assert not list(mine.iterdir())


_FILL = f"""
import os, sys
from ast_notebook.calls import memory
os.umask(0o022)
memory.AT_MOST = 50_000_000
connection = memory.connect()
connection.sql({MUCH!r})
print([(oct(one.stat().st_mode), len(os.listdir(one))) for one in os.scandir(".")])
if not os.fork():
    sys.exit()
os.wait()
print(len(os.listdir(".")))
connection.close()
os.rmdir(*os.listdir("."))
connection = memory.connect()
print([oct(one.stat().st_mode) for one in os.scandir(".")])
"""


def test_only_the_owner_may_read_what_goes_to_the_disk_and_it_goes_with_the_process(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FILL],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["[('0o40700', 1)]", "1", "['0o40700']"]
    assert not list(tmp_path.iterdir())


def test_a_benchmark_that_is_ended_leaves_nothing_on_disk(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.calls", "--events", "50000"]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}) as running:
        (child,) = eventually(psutil.Process(running.pid).children, 60)
        running.terminate()
    assert running.returncode == 128 + signal.SIGTERM
    assert not child.is_running()
    assert not list(tmp_path.iterdir())


def test_what_is_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "log" / "cdr-csv").mkdir(parents=True)
    (tmp_path / "log" / "cdr-csv" / "Master.csv").write_text(line())
    for place, words in (
        (tmp_path / "nowhere", "there is no"),
        (tmp_path, "no file in .* can be read as a log of calls"),
        (tmp_path / "log", r"cdr-csv/Master.csv: .*have no time zone"),
        (write(tmp_path, "", "empty"), "is empty"),
        (write(tmp_path, "a,b,c\n", "other"), "columns="),
    ):
        with pytest.raises(ConfError, match=words):
            history(place)


#: A text of 36 MB, which DuckDB keeps in memory until it is whole.
LONG = "SELECT length(string_agg(uuid()::TEXT, '')) AS letters FROM range(1_000_000)"


def test_duckdb_gets_more_memory_for_what_it_cannot_move_to_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "AT_MOST", 20_000_000)
    connection = memory.connect()
    given = lazy(connection.sql("SELECT 1 AS one"))
    with Work(given) as work:
        kept = work.keep(lazy(connection.sql(LONG)))
        assert kept.collect().item() == 36_000_000
    small = memory.connect()
    monkeypatch.setattr(memory, "available", lambda: 0)
    with (
        Work(lazy(small.sql("SELECT 1 AS one"))) as work,
        pytest.raises(ConfError, match="more memory than there is"),
    ):
        work.keep(lazy(small.sql(LONG)))


def test_measures_get_more_memory_for_many_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "AT_MOST", 30_000_000)
    connection = memory.connect()
    connection.execute("SET threads = 1")
    made = "i AS start, 'inbound' AS direction, 'NO ANSWER' AS disposition, 'events' AS source"
    calls = connection.sql(
        f"SELECT '+49301234567890' || i AS caller, {made} FROM range(400_000) AS calls (i)"
    )
    assert len(measures.top(calls, "caller")) == 10
    assert len(measures.missed(calls)) == 10


def test_the_limit_of_a_connection_that_is_given_is_its_owners() -> None:
    with duckdb.connect(config={"memory_limit": "20MB"}) as connection:
        given = lazy(connection.sql("SELECT 1 AS one"))
        with Work(given) as work, pytest.raises(duckdb.OutOfMemoryException):
            work.keep(lazy(connection.sql(LONG)))
