"""The PBXs of plugin.conf are read, whatever else is in it, and no error tells a password."""

import os
import warnings

import pytest

from ast_notebook.errors import ConfError
from ast_notebook.login import read_plugin, read_plugins


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return write


PLUGIN = """
[knx]
    class_name = KNX
    class_path = plugins.knx
    host = 10.0.0.1
[ast]
    class_name = Asterisk
    class_path = plugins.asterisk
    username = admin
    password = secret
    host = # default
    port = 5038 # default
"""


def test_the_seeds_plugin_conf_is_read():
    (plugin,) = read_plugins(PLUGIN)
    assert plugin.name == "ast"
    password = plugin.settings["password"]
    assert password.reveal() == "secret"
    assert dict(plugin.settings) == {"username": "admin", "password": password, "port": 5038}
    assert "secret" not in repr(plugin).replace("<secret>", "")


def test_plugin_yaml_names_a_pbx_by_its_instance():
    plugins = read_plugins(
        "ast:\n  plugin_name: asterisk\n  host:\n  tls: yes\n"
        "second:\n  plugin_name: asterisk\n  instance: berlin\n  port: 5039\n  timeout: 2.5\n"
        "  gathering: 0.002\n"
        "third:\n  plugin_name: asterisk\n  plugin_enabled: False\n"
    )
    assert [plugin.name for plugin in plugins] == ["ast", "berlin"]
    assert plugins[0].settings == {"tls": True}
    assert plugins[1].settings == {"port": 5039, "timeout": 2.5, "gathering": 0.002}


def test_a_section_needs_no_class():
    (plugin,) = read_plugins("[berlin]\nhost = pbx.example\ntls = ca.pem")
    assert (plugin.name, plugin.settings["host"]) == ("berlin", "pbx.example")
    assert str(plugin.settings["tls"]) == "ca.pem"


def test_a_file_of_certificates_is_beside_its_plugin_conf(write, tmp_path):
    (plugin,) = read_plugins(write("plugin.conf", "[ast]\nhost = pbx.example\ntls = keys/pbx.crt"))
    assert plugin.settings["tls"] == tmp_path / "keys" / "pbx.crt"
    (plugin,) = read_plugins(write("plugin.conf", "[ast]\nhost = pbx.example\ntls = /keys/pbx.crt"))
    assert str(plugin.settings["tls"]) == "/keys/pbx.crt"
    (plugin,) = read_plugins(write("plugin.conf", "[ast]\nhost = pbx.example\ntls = yes"))
    assert plugin.settings["tls"] is True


def test_an_unknown_key_is_warned_of():
    with pytest.warns(UserWarning, match=r"hots in \[ast\] is not known"):
        read_plugins("[ast]\nhots = 10.0.0.1")


def test_a_hash_in_a_password_is_kept_in_quotes_and_refused_without():
    (plugin,) = read_plugins("[ast]\npassword = 'a#b|c'  # mine")
    assert plugin.settings["password"].reveal() == "a#b|c"
    (plugin,) = read_plugins("[ast]\npassword = ab # mine, the room#2's")
    assert plugin.settings["password"].reveal() == "ab"
    with pytest.raises(ConfError, match=r"line 2: .*quotes"):
        read_plugins("[ast]\npassword = a#b")


@pytest.mark.parametrize(
    "text",
    [
        "[ast]\npassword : hunter2",
        "[ast]\npassword = #hunter2",
        "[ast]\npassword = hunter2\\\nhost = pbx",
        "[ast]\npassword hunter2",
        "[ast]\nhunter2 = password = x\npass word = hunter2",
        "[ast\npassword = hunter2",
        "ast:\n  host: pbx\n   password: hunter2",
        "ast:\n  password: *hunter2",
        "ast:\n  password: 'hunter2",
        "ast:\n  password: hunter2: x",
        "[ast]\npassword = a#hunter2",
        "ast:\n  password: [hunter2]",
        "[ast]\npassword = hunter2\nport = many",
    ],
)
def test_no_error_tells_a_password(text):
    with pytest.raises(ConfError) as caught:
        read_plugins(text)
    error = caught.value
    assert "hunter2" not in str(error)
    assert error.__suppress_context__ or error.__context__ is None


def test_a_file_of_other_plugins_only_is_told():
    with pytest.raises(ConfError, match="class_name = Asterisk"):
        read_plugins("[knx]\nclass_name = KNX")


@pytest.mark.parametrize(
    "other",
    [
        '[mail]\nclass_name = SMTP\nmail_from = "House" <house@example.org>\npassword = a#b\n',
        "[mail]\nclass_name = SMTP\nnonsense\n[[deep]]\n[[[[deeper]]]]\n",
        "[mail\nclass_name = SMTP\n",
    ],
)
def test_what_is_wrong_with_other_plugins_is_of_no_account(other):
    ours = "[ast]\nclass_name = Asterisk\npassword = x\n"
    for text in (other + ours, ours + other):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (plugin,) = read_plugins(text)
        assert plugin.settings["password"].reveal() == "x"


@pytest.mark.parametrize(
    "other",
    [
        "cli:\n#  plugin_name: cli\n",
        "cli:\n  plugin_name: cli\n  name: 'open\n",
        "cli:\n\tplugin_name: cli\n",
        "cli: [1, {x: 2}]\n",
        "cli:\n  plugin_name: cli\n  host: a: b\n",
        "cli:\n  plugin_name: cli\n  a: &a [*a]\n",
    ],
)
def test_what_is_wrong_with_other_plugins_of_yaml_is_of_no_account(other):
    ours = "ast:\n  plugin_name: asterisk\n  password: x\n"
    for text in (other + ours, ours + other):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (plugin,) = read_plugins(text)
        assert plugin.settings["password"].reveal() == "x"


def test_one_pbx_is_read_whatever_is_wrong_with_another(write):
    path = write("plugin.conf", "[ast]\nhost = pbx\n[berlin]\nport = many\n")
    assert read_plugin(path, "ast").settings == {"host": "pbx"}
    with pytest.raises(ConfError, match="line 4: port in"):
        read_plugin(path, "berlin")
    with pytest.raises(ConfError, match="line 4: port in"):
        read_plugins(path)


def test_a_pbx_whose_section_cannot_be_read_is_told_by_its_mistake(write):
    path = write("plugin.conf", "[ast\nhost = pbx\n[berlin]\nhost = pbx\n")
    with pytest.raises(ConfError, match="line 1: the brackets do not fit"):
        read_plugin(path, "ast")
    with pytest.raises(ConfError, match="no section rome, but berlin"):
        read_plugin(path, "rome")


def test_a_plugin_conf_of_an_old_system_is_read(write):
    path = write("plugin.conf", "")
    path.write_bytes("# Küche\n[ast]\npassword = ä\n".encode("cp1252"))
    (plugin,) = read_plugins(path)
    assert plugin.settings["password"].reveal() == "ä"


@pytest.mark.skipif(os.name != "posix", reason="modes say who may read on POSIX alone")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o622])
@pytest.mark.parametrize("name", ["plugin.conf", "plugin.yaml"])
def test_a_password_in_a_file_that_others_may_open_is_warned_of(write, name, mode):
    text = {"plugin.conf": "[ast]\npassword = x", "plugin.yaml": "ast:\n  password: x"}[name]
    path = write(name, text)
    path.chmod(mode)
    with pytest.warns(UserWarning, match=f"{name} holds a password.*chmod 600 {path}$") as told:
        read_plugins(path)
    with pytest.warns(UserWarning, match="chmod 600"):
        read_plugin(path, "ast")
    assert len(told) == 1
    path.chmod(0o600)
    assert read_plugins(path)


def test_a_file_without_a_password_may_be_open_to_all(write):
    path = write("plugin.conf", "[ast]\nhost = pbx.example\n[berlin]\npassword = x")
    path.chmod(0o644)
    assert read_plugin(path, "ast").settings["host"] == "pbx.example"


@pytest.mark.parametrize("suffix", ["conf", "yaml"])
@pytest.mark.parametrize(
    "key",
    ["password:hunter2", "password.hunter2", "passwordhunter", "PASSWORD-hunter2", "hunter2"],
)
def test_what_may_hold_a_password_is_not_repeated_as_a_key(suffix, key, write):
    lines = {
        "conf": f"[ast]\nclass_name = Asterisk\n{key}=x\n",
        "yaml": f"ast:\n  class_name: Asterisk\n  {key}: x\n",
    }
    path = write(f"plugin.{suffix}", lines[suffix])
    with pytest.warns(
        UserWarning, match=r"line 3: a key in \[ast\].* known are host, port"
    ) as told:
        read_plugins(path)
    assert "hunter" not in "".join(str(one.message) for one in told)


@pytest.mark.parametrize("key", ["passwort", "item_prefix", "Password", "cycle"])
def test_an_unknown_key_that_is_a_plain_word_is_named(key):
    with pytest.warns(UserWarning, match=rf"line 3: {key} in \[ast\] is not known and changes"):
        read_plugins(f"[ast]\nclass_name = Asterisk\n{key} = x\n")
