"""Files of logics: one that cannot be read costs no other, and lists of names mean any of them."""

import warnings

import pytest

import ast_notebook
from ast_notebook.ami import Event
from ast_notebook.bindings.logic import Logic
from ast_notebook.errors import ConfError
from tests.support.waiting import eventually


@pytest.fixture
def sh():
    with ast_notebook.SmartHome() as sh:
        yield sh


@pytest.fixture
def load(sh, tmp_path):
    """Load a file of logics, with the scripts one.py and two.py, and return what was warned of."""

    def load(text, name="logic.conf"):
        for script in ("one", "two"):
            (tmp_path / f"{script}.py").write_text("ran.append((logic.name, trigger['dest']))\n")
        (tmp_path / name).write_text(text)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            sh.load_logics(tmp_path / name, {"ran": ran})
        assert all(one.filename == __file__ for one in said)
        return [str(one.message) for one in said]

    ran = load.ran = []  # type: ignore[attr-defined]
    return load


def ring(sh, **headers):
    event = Event({"Event": "UserEvent", "UserEvent": "Ring", **headers}, "UserEvent")
    sh.logics.start(event, "ast", first=True)
    eventually(
        lambda: all(not one.worker.waiting and not one.worker.running_since for one in sh.logics)
    )


TWO = "[two]\nfilename = two.py\nast_userevent = Ring\n"
TWO_YAML = "two:\n  filename: two.py\n  ast_userevent: Ring\n"


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("logic.conf", "[one]\nfilename = one.py\nast_userevent = Ring | Bell\n{}\n", TWO),
        ("logic.yaml", "one:\n  filename: one.py\n  ast_userevent: [Bell, ring]\n{}\n", TWO_YAML),
    ],
)
def test_a_list_of_names_means_any_of_them(sh, load, name, one, two):
    dest = (
        "ast_dest = Office | Kitchen" if name == "logic.conf" else "  ast_dest: [Office, kitchen]"
    )
    assert load(one.format(dest) + two, name) == []
    for place in ("Office", "KITCHEN", "Hall"):
        ring(sh, Destination=place)
    ring(sh)
    ours = [place for logic, place in load.ran if logic == "one"]
    assert ours == ["Office", "KITCHEN"]
    assert len(load.ran) == 6
    assert (
        sh.logics["one"].dest == tuple(dest.split(" = ")[-1].split(" | ")) or name != "logic.conf"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one:\n  filename: one.py\n  ast_userevent: [Ring, ~]\n", "line 3: the logic one is left"),
        ("one:\n  filename: one.py\n  ast_userevent: [Ring, [X]]\n", "line 3: the logic one is"),
        ("one:\n  filename: one.py\n  ast_userevent: []\n", "line 3: the logic one is left out"),
        ("one:\n  filename: one.py\n  ast_userevent: {Ring: 1}\n", "line 3: the logic one is left"),
        ("one:\n  filename: one.py\n  ast_dest: [Ring, {a: b}]\n", "line 3: the logic one is left"),
        ("one:\n  ast_userevent: Ring\n", "line 1: the logic one has no script"),
        ("one:\n  filename: [one.py]\n", "line 1: the logic one has no script"),
        ("one:\n  filename: none.py\n", "line 2: the logic one: there is no script none.py"),
        ('one:\n  filename: "a\\0b"\n', "line 2: the logic one: there is no script"),
        ("one:\n  filename: " + "x" * 5000 + "\n", "line 2: the logic one: there is no script"),
        ("one:\n  filename: one.py\n  enabled: perhaps\n", "line 3: the logic one is left out"),
        (
            "one:\n  filename: one.py\n  ast_userevent: Ring\n  ast_userevent@berlin: Ring\n",
            "line 1: the logic one is left out, as it names two PBXs",
        ),
        ("one: 5\n", "line 1: one is outside of any section"),
        ("one:\n  filename: wrong.py\n", "line 1: the logic one is left out: SyntaxError"),
        ("one:\n  filename: null.py\n", "line 1: the logic one is left out: "),
        ("one:\n  filename: latin.py\n", "line 1: the logic one is left out: ConfError"),
        ("one:\n  filename: deep.py\n", "line 1: the logic one is left out: "),
    ],
)
def test_a_logic_that_cannot_be_costs_no_other(sh, load, tmp_path, text, told):
    (tmp_path / "wrong.py").write_text("def f(:\n")
    (tmp_path / "null.py").write_text("x = 1\0\n")
    (tmp_path / "latin.py").write_bytes("x = 'ä'\n".encode("latin-1"))
    (tmp_path / "deep.py").write_text("x = " + "(" * 500 + "\n")
    for order in (text + TWO_YAML, TWO_YAML + text):
        sh.logics.close()
        load.ran.clear()
        (said,) = load(order, "logic.yaml")
        assert told.partition(": ")[2] in said
        assert said.startswith("logic.yaml, line ")
        assert [one.name for one in sh.logics] == ["two"]
        ring(sh)
        assert load.ran == [("two", None)]


def test_groups_and_empty_sections_are_no_logics(sh, load):
    text = TWO_YAML + "_groups:\n  house:\n    title: House\nold:\n#  filename: old.py\n"
    assert load(text, "logic.yaml") == []
    assert [one.name for one in sh.logics] == ["two"]


@pytest.mark.parametrize(
    ("word", "runs"),
    [("y", True), ("T", True), ("On", True), ("1", True), ("n", False), ("F", False), ("0", False)],
)
def test_enabled_is_read_as_smarthomeng_reads_it(sh, load, word, runs):
    for name, text in (
        ("logic.conf", "[one]\nfilename = one.py\nast_userevent = Ring\nenabled = {}\n"),
        ("logic.yaml", "one:\n  filename: one.py\n  ast_userevent: Ring\n  enabled: {}\n"),
    ):
        sh.logics.close()
        load.ran.clear()
        assert load(text.format(word), name) == []
        ring(sh)
        assert bool(load.ran) == runs


def test_nothing_means_no_event_and_any_destination(sh, load):
    assert load("one:\n  filename: one.py\n  ast_userevent:\n  ast_dest:\n", "logic.yaml") == []
    assert sh.logics["one"].userevent == sh.logics["one"].dest == ()
    load("[one]\nfilename = one.py\nast_userevent = Ring\nast_dest =\n")
    ring(sh, Destination="anywhere")
    assert load.ran == [("one", "anywhere")]


def test_a_destination_may_name_its_pbx_as_well(sh, load):
    load("[one]\nfilename = one.py\nast_userevent@berlin = Ring\nast_dest@berlin = Office\n")
    assert (sh.logics["one"].pbx, sh.logics["one"].dest) == ("berlin", ("Office",))


def test_a_script_in_another_encoding_says_so_as_python_has_it(sh, load, tmp_path):
    source = "# -*- coding: latin-1 -*-\nran.append('Küche')\n"
    (tmp_path / "old.py").write_bytes(source.encode("latin-1"))
    assert load("[old]\nfilename = old.py\nast_userevent = Ring\n") == []
    ring(sh)
    assert load.ran == ["Küche"]


@pytest.mark.parametrize("names", [5, [5], [None], ["a", ["b"]], b"a", {"a": 1, 5: 2}, [""]])
def test_what_is_no_name_is_refused_where_a_logic_is_made(names):
    with pytest.raises(ConfError, match="neither a name nor a list of names"):
        Logic("one", "", sh=None, userevent=names)
    with pytest.raises(ConfError, match="neither a name nor a list of names"):
        Logic("one", "", sh=None, userevent="a", dest=names)


def test_a_file_without_a_logic_that_can_be_is_an_error(sh, tmp_path):
    (tmp_path / "logic.conf").write_text("[one]\nast_userevent = Ring\n")
    with pytest.raises(ConfError, match=r"logic\.conf, line 1: the logic one has no script"):
        sh.load_logics(tmp_path / "logic.conf")


def test_an_item_that_is_watched_starts_a_logic(sh, tmp_path):
    (tmp_path / "alarm.py").write_text("seen.append((trigger['source'], trigger['value']))")
    (tmp_path / "logic.conf").write_text(
        "[alarm]\nfilename = alarm.py\nwatch_item = office.fon | hall.*\n"
        "[late]\nfilename = alarm.py\nwatch_item = office.fon\nwatch_for = 5m\n"
        "[odd]\nfilename = alarm.py\nwatch_item = office.fon\nwatch_for = soon\n"
    )
    seen = []
    with pytest.warns(UserWarning, match="length of time"):
        alarm, late = sh.load_logics(tmp_path / "logic.conf", {"seen": seen})
    sh.load_items({"office": {"fon": {"type": "bool"}}, "hall": {"lamp": {"type": "bool"}}})
    assert (alarm.watch, late.watch_for) == (("office.fon", "hall.*"), 300.0)
    sh.office.fon(True)
    sh.hall.lamp(True)
    eventually(lambda: seen == [("office.fon", True), ("hall.lamp", True)])
