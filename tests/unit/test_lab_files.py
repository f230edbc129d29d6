"""What the lab makes of the files of apt and of Asterisk."""

from __future__ import annotations

import pytest

from tests.lab.configuration import with_value
from tests.lab.install import deb822_sources, one_line_sources


def test_apt_sources_are_read_in_both_formats() -> None:
    old = """
# deb http://no.example/ bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian bookworm main contrib
"""
    new = """
# A comment
Types: deb deb-src
URIs: http://a.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /k.gpg

Enabled: no
Types: deb
URIs: http://b.example/debian
Suites: bookworm
Components: main
"""
    (first,) = one_line_sources(old)
    (second,) = deb822_sources(new)
    assert first.uri == second.uri == "http://a.example/debian"
    assert second.suites == ("bookworm", "bookworm-updates")
    line = "deb [signed-by=/k.gpg] http://a.example/debian sid main\n"
    assert first.line("sid") == second.line("sid") == line


def test_a_value_is_replaced_where_it_stands() -> None:
    text = "[a]\nport = 1 ; one\n\n[b]\nport => 2\n"
    assert with_value(text, "b", "port", "3") == "[a]\nport = 1 ; one\n\n[b]\nport => 3\n"
    assert with_value(text, "a", "new", "4").startswith("[a]\nnew = 4\nport")
    with pytest.raises(LookupError):
        with_value(text, "c", "port", "3")
