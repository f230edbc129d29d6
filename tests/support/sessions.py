"""Sessions for tests."""

import time

from ast_notebook.ami import Secret, Session, Settings


def settings(pbx, **more):
    given = {"port": pbx.port, "username": "admin", "password": Secret("secret"), "timeout": 5}
    return Settings(**(given | more))


def opened(pbx, recorder=None, **more):
    return Session(settings(pbx, **more), recorder=recorder).connect()


def silent_but_for_the_login(client, action):
    if action["Action"] == "Login":
        client.ok(action)


def closes_in_time(session):
    began = time.monotonic()
    session.close()
    return time.monotonic() - began < 2
