"""A password goes to the address that it was meant for, whatever a file names."""

import getpass

import pytest

from ast_notebook.ami import Secret
from ast_notebook.errors import LoginRefused
from ast_notebook.login import settings as login
from ast_notebook.login import settings_for

CONF = {"host": "pbx.example", "username": "admin"}


@pytest.fixture
def environment(monkeypatch):
    """Have no keyring and nobody to ask, and set the variables that a test names."""

    def ask(prompt):
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", ask)
    monkeypatch.setattr(login, "from_keyring", lambda account: None)
    for part in ("HOST", "PORT", "USERNAME", "PASSWORD"):
        for name in (f"AST_{part}", f"AST_{part}_BERLIN"):
            monkeypatch.delenv(name, raising=False)

    def set_all(**variables):
        for name, value in {"AST_PASSWORD": "hunter2", **variables}.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.mark.parametrize(
    ("variables", "conf"),
    [
        ({}, CONF),
        ({}, {}),
        ({"AST_HOST": "other.example"}, CONF),
        ({"AST_HOST": "pbx.example"}, {"username": "admin"}),
        ({"AST_HOST": "pbx.example"}, {**CONF, "port": 6666}),
        ({"AST_HOST": "pbx.example", "AST_PORT": "5039"}, CONF),
        ({"AST_HOST": "pbx.example", "AST_USERNAME": "panel"}, CONF),
        ({"AST_HOST": "pbx.example", "AST_PORT": "x"}, CONF),
        ({"AST_HOST_BERLIN": "pbx.example"}, CONF),
    ],
)
def test_a_password_of_the_environment_is_not_for_an_address_that_a_file_names(
    environment, variables, conf
):
    environment(**variables)
    with pytest.raises(
        LoginRefused, match=r"a file names this address, and AST_PASSWORD is for AST_HOST"
    ) as caught:
        settings_for("ast", {}, conf, {})
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "conf"),
    [
        ({"AST_HOST": "pbx.example"}, CONF),
        ({"AST_HOST": "PBX.example."}, CONF),
        ({"AST_HOST": "pbx.example"}, {"host": "pbx.example", "username": "panel"}),
        ({"AST_HOST": "pbx.example", "AST_PORT": "5039"}, {**CONF, "port": 5039}),
        ({"AST_HOST": "pbx.example", "AST_USERNAME": "admin"}, CONF),
        ({"AST_HOST": "127.0.0.1"}, {}),
    ],
)
def test_a_password_of_the_environment_is_for_the_address_of_the_environment(
    environment, variables, conf
):
    environment(**variables)
    assert settings_for("ast", {}, conf, {}).password.reveal() == "hunter2"


def test_a_password_of_the_environment_is_for_the_address_that_somebody_writes(environment):
    environment()
    assert settings_for("ast", {"host": "10.0.0.1"}, None, {}).password.reveal() == "hunter2"


def test_who_is_asked_is_told_why_the_environment_does_not_count(environment, monkeypatch):
    asked = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or "typed")
    environment(AST_HOST="other.example")
    assert settings_for("ast", {}, CONF, {}).password.reveal() == "typed"
    (prompt,) = asked
    assert prompt.startswith("Password of admin@pbx.example:5038 (")
    assert "AST_PASSWORD is for AST_HOST" in prompt


def test_the_keyring_has_the_password_of_the_address_that_a_file_names(environment, monkeypatch):
    kept = {"admin@pbx.example:5038": Secret("kept")}
    monkeypatch.setattr(login, "from_keyring", kept.get)
    environment(AST_HOST="other.example")
    assert settings_for("ast", {}, CONF, {}).password.reveal() == "kept"
