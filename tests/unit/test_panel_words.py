"""The picture says what the page does, and their messages have the fields of the tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ast_notebook.ami import Session
from ast_notebook.live import Live
from ast_notebook.panel import messages, snapshot, words
from tests.support import message_shapes, page_types
from tests.support.paths import ROOT

EXAMPLES = json.loads((ROOT / "tests" / "page" / "words.json").read_text(encoding="utf-8"))
OF_SEVERAL = ("pbx", "call", "joined")  # fields of a panel of several PBXs
TAKEN = 1000  # the moment of the rows in the examples of columns
SAYS = {
    "column": lambda of: snapshot.KINDS[of["kind"]](of["fields"])(of["row"], {"taken": TAKEN}),
    "duration": words.duration,
    "age": words.age,
    "device_state": words.device_state,
    "channel_state": words.channel_state,
    "member_state": words.member_state,
    "participant_state": words.participant_state,
    "item_value": words.item_value,
    "caller": words.caller,
    "callee": words.callee,
    "pbx": words.pbx,
}


def test_the_page_has_the_types_of_the_messages() -> None:
    assert page_types.FILE.read_text("utf-8") == page_types.written(), (
        "python -m tests.support.page_types"
    )


def test_the_rows_of_the_messages_have_the_fields_of_the_tables() -> None:
    live = Live(Session())
    shapes = {name: dict(page_types.fields(row)) for name, row in message_shapes.ROWS.items()}
    assert shapes.keys() - {"pbxs", "unreturned"} == live.tables.keys()
    for name, table in live.tables.items():
        own = [field for field in shapes[name] if field not in OF_SEVERAL]
        assert own == list(table.fields), name
        for field, unknown in table.fields.items():
            hint, _ = shapes[name][field]
            missing = int | None if field in table.counts else float | None
            wanted = missing if unknown is None else type(unknown)
            assert hint == wanted, f"{name}.{field}"


def test_a_table_has_columns_of_fields_that_its_rows_have() -> None:
    shapes = {name: page_types.fields(row) for name, row in message_shapes.ROWS.items()}
    shapes["items"] = page_types.fields(messages.ItemRow)
    for name, table in words.SHARED["tables"].items():
        for column in table["columns"]:
            assert shapes[name].keys() >= set(column.get("fields", ())), (name, column)


def test_the_picture_has_its_own_columns_for_tables_that_there_are() -> None:
    described = {
        (name, column["id"])
        for name, table in words.SHARED["tables"].items()
        for column in table["columns"]
        if "kind" not in column and column.get("only") != "page"
    }
    assert described == snapshot.OWN.keys()


def test_every_kind_of_word_that_has_examples_is_said_here() -> None:
    assert SAYS.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("name", SAYS)
def test_the_picture_says_it_as_the_page_does(name: str) -> None:
    say: Any = SAYS[name]
    for value, said in EXAMPLES[name]:
        assert say(value) == said, value
