"""An IPython with `%ast`, and a keyring that holds nothing of this machine's."""

from __future__ import annotations

import os
import threading

import keyring
import keyring.backend
import keyring.errors
import pytest

from tests.support.shell import an_ipython
from tests.support.waiting import eventually

ITEMS = """%%ast items
[office]
    [[fon]]
        type = bool
        ast_dev = 2222
        ast_db = active/office
        [[[box]]]
            type = num
            ast_box = 22
"""


class NoKeyring(keyring.backend.KeyringBackend):
    """A keyring that holds what a test puts in, and nothing of this machine's."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.passwords = {}

    def get_password(self, service, username):
        if self.passwords is None:
            raise keyring.errors.NoKeyringError("there is none")
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        self.passwords[service, username] = password

    def delete_password(self, service, username):
        del self.passwords[service, username]


def ring_up(shell, context, callerid):
    """Let the dialplan send UserEvent(Call), from `door` with a Destination."""
    shell.run(f'%ast call 200 240 {context} --callerid "{callerid}" --wait --dest;')
    shell.run("%ast hangup 200;")
    eventually(lambda: shell.run("%ast channels").empty)


def _threads():
    return [one.name for one in threading.enumerate() if one.name.startswith("ast-")]


@pytest.fixture(autouse=True)
def ring(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AST_"):
            monkeypatch.delenv(name)
    before, ring = keyring.get_keyring(), NoKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def shell():
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        yield shell
        shell.run("%unload_ext ast_notebook")
