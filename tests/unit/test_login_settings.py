"""A password goes to the address that it was meant for, whatever a file names."""

import getpass
import ssl
from pathlib import Path

import pytest

from ast_notebook.ami import Secret, Settings
from ast_notebook.errors import LoginRefused
from ast_notebook.login import read_plugins, settings_for
from ast_notebook.login import settings as login
from ast_notebook.magics.connecting import arguments_of
from ast_notebook.magics.table import find

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
        ({"AST_HOST": "pbx.example"}, {**CONF, "tls": True}),
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
        ({"AST_HOST": "pbx.example", "AST_PORT": "5039"}, {**CONF, "tls": True}),
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


@pytest.mark.parametrize(
    ("tls", "port"),
    [
        (False, 5038),
        (True, 5039),
        ("ca.pem", 5039),
        (Path("ca.pem"), 5039),
        (ssl.create_default_context(), 5039),
    ],
)
def test_a_port_that_nobody_names_is_asterisks_own_for_plain_text_or_for_tls(
    environment, tls, port
):
    environment(AST_HOST="pbx.example")
    assert Settings(tls=tls).port == port
    assert settings_for("ast", {"tls": tls}, None, {}).address == f"pbx.example:{port}"
    environment(AST_HOST="pbx.example", AST_PORT="5037")
    assert settings_for("ast", {"tls": tls}, None, {}).port == 5037
    assert settings_for("ast", {"tls": tls, "port": 5038}, None, {}).port == 5038


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("connect admin@pbx.example", "pbx.example:5038"),
        ("connect admin@pbx.example --tls", "pbx.example:5039"),
        ("connect admin@pbx.example --tls ca.pem", "pbx.example:5039"),
        ("connect admin@pbx.example:5038 --tls", "pbx.example:5038"),
    ],
)
def test_a_line_without_a_port_means_the_same(environment, line, address):
    environment()
    one, count = find(line.split())
    given = one.parse(line.split()[count:])
    assert settings_for("ast", arguments_of(given), None, {}).address == address


@pytest.mark.parametrize(
    ("lines", "port"),
    [
        ("", 5038),
        ("tls = no", 5038),
        ("tls = yes", 5039),
        ("tls = ca.pem", 5039),
        ("port =\ntls = yes", 5039),
        ("port = 5038 # default\ntls = yes", 5038),
        ("port = 5038 # default", 5038),
    ],
)
def test_a_section_without_a_port_means_the_same(environment, lines, port):
    environment()
    (plugin,) = read_plugins(f"[ast]\nclass_name = Asterisk\npassword = x\n{lines}\n")
    assert settings_for("ast", {}, plugin.settings, {}).port == port
