"""A password is in nothing that is shown, written or handed on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec import AbstractFileSystem, register_implementation
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

import ast_notebook
from ast_notebook.calls.history import history
from ast_notebook.calls.history.archived import archive_calls
from ast_notebook.recording import Record, read, relation, scan
from ast_notebook.recording.archive_place import ArchivePlace
from tests.support.secrecy import shown, texts_in
from tests.support.waiting import eventually

PASSWORD = "opensesame-4711"


def test_a_password_in_the_host_is_in_no_error() -> None:
    with pytest.raises(ast_notebook.ConfError) as caught:
        ast_notebook.connect(f"admin:{PASSWORD}@127.0.0.1", 1, username="admin", password="x")
    assert not shown(caught.value, PASSWORD)
    assert "…@127.0.0.1" in str(caught.value)


def test_the_password_in_an_archives_place_is_not_shown(tmp_path: Path) -> None:
    record = Record("ast")
    place = f"memory://calls/x?key={PASSWORD}"
    kept = record.to(place, open_folder=tmp_path)
    try:
        assert kept.is_at(place)
        assert not kept.is_at("memory://calls/x")
        # The path that the file system is asked for is not ours to hide.
        said = {name: value for name, value in vars(kept.archive_files).items() if name != "root"}
        assert PASSWORD not in f"{record!r}{kept!r}{vars(kept)}{said}"
    finally:
        record.close()


# --- databases ------------------------------------------------------------------------------------


class Refusing(SQLiteDialect_pysqlite):
    """A database whose driver has the password in its frames when it raises, as drivers do."""

    supports_statement_cache = True

    def create_connect_args(self, url):
        return [], {"password": url.password, "error": url.database}

    def connect(self, *given, password, error, **more):
        if error == "foreign":
            raise RuntimeError("the package 'cryptography' is required")
        raise sqlite3.OperationalError(f"Access denied ({len(password)})")


registry.register("refusing", __name__, "Refusing")


@pytest.mark.parametrize(
    "url",
    [
        "refusing://admin:{}@db.example/asteriskcdrdb",
        "refusing://admin:{}@db.example/foreign",
        "mysql+pymysql://admin:{}@127.0.0.1:1/asteriskcdrdb",
        "postgresql://admin:{}@127.0.0.1:1/asteriskcdrdb?password={}",
        "sqlite://admin:{}@db.example/asteriskcdrdb",
        "mysql+pymysql://admin:{}@127.0.0.1:port/asteriskcdrdb",
        "mysql+pymysql://admin:[{}@127.0.0.1:1/asteriskcdrdb",
        "mysql+pymysql://admin:a/{}@127.0.0.1:1/asteriskcdrdb",
        "mysql+pymysql://admin:a::b{}@127.0.0.1:1/asteriskcdrdb",
        "postgresql://admin:{}@127.0.0.1:abc/asteriskcdrdb",
        "mysql://admin:{}@@@[:1/asteriskcdrdb",
        "ftp://admin:{}@127.0.0.1:1/asteriskcdrdb",
    ],
)
def test_the_password_of_a_database_is_in_no_traceback(url: str) -> None:
    def ask() -> None:
        history(url.replace("{}", PASSWORD), kind="cdr")

    with pytest.raises(ast_notebook.ConfError) as caught:
        ask()
    assert not shown(caught.value, PASSWORD, since=history)
    assert caught.value.__context__ is None
    with pytest.raises(ast_notebook.ConfError) as caught:
        history(url.replace("{}", PASSWORD), columns="no list")
    assert not shown(caught.value, PASSWORD, since=history)


# --- archives -------------------------------------------------------------------------------------

SEALED = "/calls/server=a/day=2026-03-01/0123456789abcdef-000001.parquet"


class Store(AbstractFileSystem):
    """A store that tells its password in each error, as stores do, and fails where it is told."""

    protocol = "secretive"
    cachable = False

    def __init__(self, host="", username="", password="", **more):
        super().__init__(**more)
        self.host, self.denied = host, RuntimeError(f"Access denied for {password}")
        if host == "reach":
            raise self.denied

    @staticmethod
    def _get_kwargs_from_urls(path):
        user, _, host = path.partition("://")[2].partition("/")[0].rpartition("@")
        name, _, password = user.partition(":")
        given = {"host": host.partition("?")[0], "username": name, "password": password}
        return {key: value for key, value in given.items() if value}

    @classmethod
    def _strip_protocol(cls, path):
        return "/" + path.partition("://")[2].partition("/")[2].partition("?")[0]

    def find(self, path, **more):
        if self.host == "look":
            raise self.denied
        return [SEALED]

    def info(self, path, **more):
        if self.host == "ask":
            raise self.denied
        return {"name": path, "type": "file", "size": 100}

    def _open(self, path, *given, **more):
        raise self.denied


register_implementation("secretive", Store, clobber=True)

WAYS: dict[str, tuple[Any, Callable[..., Any]]] = {
    "read": (read, lambda url, **more: read(url, **more)),
    "scan": (scan, lambda url, **more: scan(url, **more)),
    "relation": (relation, lambda url, **more: relation(url, **more)),
    "archive_calls": (archive_calls, lambda url: archive_calls(url)),
    "history": (history, lambda url: history(url)),
    "replay": (ast_notebook.replay, lambda url: ast_notebook.replay(url)),
    "watch": (ast_notebook.watch, lambda url: ast_notebook.watch(url)),
    "record": (Record.to, lambda url, **more: Record("ast").to(url, **more)),
}
PLACES = (
    "secretive://bob:{}@reach/calls",
    "secretive://bob:{}@look/calls",
    "secretive://bob:{}@ask/calls",
    "secretive://bob:{}@open/calls",
    "simplecache::nosuch://bob:{}@host/calls",
    "nosuch://bob:{}@host/calls?key={}",
    "ftp://bob:{}@127.0.0.1:1/calls",
)
#: A recorder looks for no files.
ASKED = [(way, url) for way in WAYS for url in PLACES if way != "record" or url not in PLACES[1:4]]


@pytest.mark.parametrize(("way", "url"), ASKED)
def test_the_password_of_an_archive_is_in_no_traceback(way: str, url: str) -> None:
    since, ask = WAYS[way]
    with pytest.raises(ast_notebook.ConfError) as caught:
        ask(url.replace("{}", PASSWORD))
    assert not shown(caught.value, PASSWORD, since=since)
    assert caught.value.__context__ is None


def test_a_replay_that_is_told_wrong_times_shows_no_password() -> None:
    with pytest.raises(ast_notebook.ConfError, match="no moment") as caught:
        ast_notebook.replay(f"secretive://bob:{PASSWORD}@open/calls", since="soon")
    assert not shown(caught.value, PASSWORD, since=ast_notebook.replay)


@pytest.mark.parametrize("way", ["read", "scan", "relation", "record"])
def test_what_a_store_is_given_besides_is_in_no_traceback(way: str) -> None:
    since, ask = WAYS[way]
    with pytest.raises(ast_notebook.ConfError, match="denied for …") as caught:
        ask("secretive://reach/calls", options={"password": PASSWORD})
    assert not shown(caught.value, PASSWORD, since=since)


def test_the_password_of_an_archive_is_not_in_what_its_history_shows(tmp_path: Path) -> None:
    url = f"memory://bob:{PASSWORD}@host/{tmp_path.name}?key={PASSWORD}"
    with pytest.raises(ast_notebook.ConfError, match="no file of an archive at memory://host/"):
        history(url)
    record = Record()
    record.to(url, open_folder=tmp_path)
    record.add(["Event: Newchannel\r\nUniqueid: 1.1\r\nLinkedid: 1.1"], 1_795_000_000_000_000)
    record.close()
    eventually(lambda: not list(tmp_path.rglob("*.arrows")))
    past = history(url)
    assert len(past.calls) == 1
    assert PASSWORD not in f"{past!r}{past.origin}{past._repr_html_()}{vars(past)}"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://bucket/calls", "s3://bucket/calls"),
        ("s3://key:secret@bucket/calls", "s3://bucket/calls"),
        ("mysql://me:p@ss/w?o:r::d@host/db?charset=utf8", "mysql://host/db"),
        ("zip://a.zip::ftp://bob:secret@host/x", "zip://a.zip::ftp://host/x"),
        ("https://host/calls?token=secret", "https://host/calls"),
        ("/home/me@here/calls?", "/home/me@here/calls?"),
    ],
)
def test_a_place_has_a_name_without_what_may_be_secret(url: str, name: str) -> None:
    place = ArchivePlace(url, {"password": PASSWORD})
    assert (place.name, place.reveal()) == (name, url)
    assert place.options() == {"password": PASSWORD}
    assert not [text for text in texts_in(place) if PASSWORD in text]
