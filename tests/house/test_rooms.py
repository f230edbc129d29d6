"""The list of rooms says what the files themselves say."""

from tools import rooms


def test_the_list_of_rooms_is_current() -> None:
    assert rooms.PAGE.read_text() == rooms.page(), "run python -m tools.rooms"


def test_every_module_says_what_it_is_for() -> None:
    files = [
        path.name
        for path in (rooms.ROOT / "ast_notebook").rglob("*")
        if path.suffix in (".py", ".js", ".css") and path.parent.name != "static"
    ]
    told = [line.split("`")[1] for line in rooms.page().splitlines() if line.startswith("| `")]
    assert sorted(told) == sorted(files)
