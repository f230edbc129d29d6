"""The classes of a login in manager.conf, as the product and as a real Asterisk read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import ast_notebook
from ast_notebook.ami import granted
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.waiting import eventually

#: What `read =` says, line by line.
WRITTEN = {
    "plain": ["system,call,user"],
    "blanks": ["system, call, user"],
    "blank": ["call ,user"],
    "capitals": ["System,CALL,user"],
    "all": ["all"],
    "all-at-first": ["all,"],
    "the-last-line": ["all", "system,user"],
    "the-last-is-all": ["system", "all"],
    "nothing-between": ["system,,call"],
    "nothing-before": [",system"],
    "nothing-behind": ["system,"],
    "nothing-twice-behind": ["system,,"],
    "beginnings": ["s,call"],
    "beginning-at-last": ["call,s"],
    "empty": [""],
    "none": [],
    "unknown": ["yes"],
}


@pytest.fixture(scope="module", params=[16, 22])
def pbx(request: pytest.FixtureRequest) -> Iterator[Asterisk]:
    require(request.param)
    with Asterisk(request.param) as pbx:
        path = pbx.directories.etc / "manager.conf"
        sections = [
            f"[{name}]\nsecret = secret\nwrite = system,call,originate\n"
            + "".join(f"read = {line}\n" for line in lines)
            for name, lines in WRITTEN.items()
        ]
        path.write_text("\n".join([path.read_text(), *sections]))
        pbx.cli("manager reload")
        yield pbx


@pytest.mark.parametrize("name", WRITTEN)
def test_a_login_has_the_classes_that_asterisk_gives_it(pbx: Asterisk, name: str) -> None:
    shown = re.search(r"read perm: (\S+)", pbx.cli(f"manager show user {name}"))
    assert shown is not None
    classes = frozenset(shown[1].split(",")) - {"<none>"}
    assert granted(WRITTEN[name]) == (frozenset({"all"}) if "all" in classes else classes)


@pytest.mark.parametrize("name", ["blanks", "the-last-line", "capitals", "none"])
def test_what_a_login_does_not_hear_of_is_unknown_whatever_its_lines_name(
    pbx: Asterisk, name: str
) -> None:
    with ast_notebook.connect(pbx.host, pbx.port, username=name, password="secret") as sh:
        assert sh.ast.live.primed.wait(30)
        assert "add `call` to its `read =`" in sh.ast.live.unheard["channels"]


def test_a_mask_may_have_blanks_and_capitals(pbx: Asterisk) -> None:
    with ast_notebook.connect(
        pbx.host, pbx.port, username=pbx.panel, password="secret", events="System, Call"
    ) as sh:
        assert sh.ast.live.primed.wait(30)
        pbx.originate("Local/600@phones", "600@phones")
        eventually(lambda: len(sh.ast.live.channels))
        pbx.cli("channel request hangup all")
