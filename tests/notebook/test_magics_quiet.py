"""A semicolon keeps a cell quiet, and never takes a value from whoever asks for it."""

import pytest

from ast_notebook import demo
from ast_notebook.magics.line import without_semicolon
from tests.support.shell import an_ipython


@pytest.fixture
def shell():
    with an_ipython() as shell, demo.start(calls=False) as pbx:
        shell.run_line_magic("load_ext", "ast_notebook")
        shell.run(f"import os; os.environ['AST_PASSWORD'] = {pbx.password!r}")
        shell.run(f"%ast connect {pbx.username}@{pbx.host}:{pbx.port};")
        shell.run("%ast db write house/mode night")
        yield shell
        shell.run("del os.environ['AST_PASSWORD']")
        shell.run_line_magic("unload_ext", "ast_notebook")


ASSIGNED = [
    "y = %ast db read house/mode",
    "y = %ast db read house/mode;",
    "y = %ast db read house/mode ;  # by day",
    "z = 1\ny = %ast db read house/mode;\nz",
    "for _ in range(2):\n    y = %ast db read house/mode;",
    "def read():\n    y = %ast db read house/mode;\n    return y\ny = read()",
    "y, *_ = [get_ipython().run_line_magic('ast', 'db read house/mode;')]",
    "y = [get_ipython().run_line_magic(\n    'ast',\n    'db read house/mode;')][0]",
    "with open(os.devnull):\n    y = %ast db read house/mode;",
]


def test_who_assigns_has_the_value(shell):
    for cell in ASSIGNED:
        shell.user_ns.pop("y", None)
        shell.run(cell)
        assert shell.user_ns["y"] == "night", cell


SHOWN = [
    ("%ast db read house/mode", "night"),
    ("%ast db read house/mode;", None),
    ("%ast db read house/mode ;", None),
    ("%ast db read house/mode;  # by day", None),
    ("%ast db read house/mode  # not ; # here", "night"),
    ("%ast db read house/mode  # nor here;", "night"),
    ("y = 1\n%ast db read house/mode;", None),
    ("y = %ast db read house/mode;\ny", "night"),
    ('%ast db read "house/mode";', None),
    ('%ast db read "house/mode"; # by day', None),
    ("if True:\n    %ast db read house/mode;", None),
]


def test_who_shows_it_is_kept_quiet(shell):
    for cell, shown in SHOWN:
        assert shell.run(cell) == shown, cell


def test_the_semicolon_of_a_cell_is_that_of_its_code(shell):
    head = "%%ast logic semicolon --userevent Call\n"
    assert shell.run(head + "print(1)") is not None
    assert shell.run(head + "print(1);  # quiet") is None
    assert shell.run(head + "if 1:\n    print(1);") is None
    assert shell.run(head + "print(';')") is not None


def test_letters_that_python_cannot_take_apart_are_no_matter(shell):
    shell.run("%ast db write house/mode (open")
    assert shell.run("%ast db read house/mode") == "(open"
    shell.run("%ast db write house/mode O'Brien;")
    assert shell.run("%ast db read house/mode") == "O'Brien"
    shell.run("%ast db write house/mode night")


@pytest.mark.parametrize(
    ("line", "text", "is_quiet"),
    [
        ("status", "status", False),
        ("status;", "status", True),
        ("a ;; # b", "a ;", True),
        ('a "b; # c"', 'a "b; # c"', False),
        ('a "b;"', 'a "b;"', False),
        ('a "b', 'a "b', False),
        ('a "b;', 'a "b;', False),
        ("", "", False),
        (";", "", True),
    ],
)
def test_only_a_semicolon_that_ends_the_words_counts(line, text, is_quiet):
    assert without_semicolon(line) == (text, is_quiet)
