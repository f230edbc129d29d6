"""A PBX and a folder may be called anything, and our ways to an engine give their names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from ast_notebook.calls import calls
from ast_notebook.recording import read, relation, scan
from tests.support.archives import keep_a_call

#: Names that engines take for numbers, dates, truth or nothing, or that a folder cannot have.
ODD = ("007", "42", "2026-01-01", "true", "1e5", "NULL", "null", "__HIVE_DEFAULT_PARTITION__",
       "west/1 %", "a'b", 'a"b', "[x]*?", "a=b", "+7")  # fmt: skip


def test_our_ways_give_each_pbx_its_name_and_each_day_as_a_date(tmp_path: Path) -> None:
    for server in ODD:
        keep_a_call(tmp_path, server)
    connection = duckdb.connect()
    found = relation(tmp_path, connection=connection).aggregate("server, day, count(*)").fetchall()
    assert sorted(found) == sorted((server, date(2026, 3, 1), 2) for server in ODD)
    table = scan(tmp_path).to_table()
    assert sorted(set(table["server"].to_pylist())) == sorted(ODD)
    assert set(table["day"].to_pylist()) == {date(2026, 3, 1)}
    assert set(read(tmp_path)["server"]) == set(ODD)
    assert sorted(calls(scan(tmp_path)).to_pandas()["server"]) == sorted(ODD)


def test_a_pbx_alone_in_an_archive_has_its_name_whatever_it_is(tmp_path: Path) -> None:
    for number, server in enumerate(ODD):
        keep_a_call(tmp_path / str(number), server)
        found = relation(tmp_path / str(number), columns=["server"], connection=duckdb.connect())
        assert set(found.fetchall()) == {(server,)}


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    place = tmp_path / "calls [of] 'all'*?"
    keep_a_call(place, "west")
    keep_a_call(tmp_path / "calls o 'all'x?", "east")
    found = relation(place, columns=["server"], connection=duckdb.connect())
    assert found.fetchall() == [("west",)] * 2
