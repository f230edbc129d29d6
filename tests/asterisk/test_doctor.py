"""The doctor examines a real Asterisk 16 and 22."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ast_notebook
from ast_notebook.doctor import Examination, examine
from ast_notebook.doctor.finding import Level
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.examined import PASSWORD, SETTINGS, connected, whats
from tests.support.paths import ROOT
from tests.support.shell import an_ipython


@pytest.fixture(scope="module", params=[16, 22])
def examined(request: pytest.FixtureRequest) -> Iterator[Asterisk]:
    require(request.param)
    with Asterisk(request.param, settings=SETTINGS) as pbx:
        pbx.password = PASSWORD
        yield pbx


@pytest.fixture
def sh(examined: Asterisk) -> Iterator[ast_notebook.SmartHome]:
    with connected(examined) as sh:
        yield sh


@pytest.fixture
def etc(examined: Asterisk) -> Iterator[Path]:
    """The configuration, which is as it was afterwards; the doctor reads it from the disk."""
    folder = examined.directories.etc
    before = {path: path.read_text() for path in folder.glob("*.conf")}
    yield folder
    for path, text in before.items():
        path.write_text(text)


def section(name: str) -> Callable[[str], tuple[str, str, str]]:
    def parted(text: str) -> tuple[str, str, str]:
        before, mark, rest = text.partition(f"[{name}]")
        body, next_mark, after = rest.partition("\n[")
        return before + mark, body, next_mark + after

    return parted


def without(name: str, *settings: str) -> Callable[[str], str]:
    """Return what takes settings out of a section."""

    def change(text: str) -> str:
        before, body, after = section(name)(text)
        kept = [line for line in body.split("\n") if not line.strip().startswith(settings)]
        return before + "\n".join(kept) + after

    return change


def having(name: str, line: str) -> Callable[[str], str]:
    """Return what sets something in a section."""

    def change(text: str) -> str:
        before, body, after = section(name)(without(name, line.partition(" =")[0])(text))
        return f"{before}\n{line}{body}{after}"

    return change


#: The file, what is done to it, what is then found, and a line that mends it.
BROKEN: dict[str, tuple[str, Callable[[str], str], str, str]] = {
    "no calls are heard": (
        "manager.conf", having("panel", "read = system,user,cdr,agent,dialplan,reporting"),
        "lacks read = call", "read = system,call,user,cdr,agent,dialplan,reporting",
    ),
    "nothing can be called": (
        "manager.conf", having("panel", "write = system,call,agent,reporting"),
        "lacks write = originate", "write = system,call,originate,agent,reporting",
    ),
    "all may be done": (
        "manager.conf", having("panel", "write = all"),
        "has write = all", "write = system,call,user,originate,agent,reporting,command",
    ),
    "files may be written": (
        "manager.conf", having("panel", "write = system,call,originate,agent,reporting,config"),
        "has write = config", "write = system,call,originate,agent,reporting",
    ),
    "no times": (
        "manager.conf", without("general", "timestampevents"),
        "events have no times", "timestampevents = yes",
    ),
    "from anywhere": (
        "manager.conf", without("panel", "permit", "deny"),
        "may come from any address", "permit = 127.0.0.1/255.255.255.255",
    ),
    "from anywhere but one address": (
        "manager.conf",
        lambda text: without("panel", "permit")(having("panel", "deny = 10.0.0.1/32")(text)),
        "may come from any address", "deny = 0.0.0.0/0.0.0.0",
    ),
    "permitted to some, and denied to nobody": (
        "manager.conf", without("panel", "deny"),
        "may come from any address", "deny = 0.0.0.0/0.0.0.0",
    ),
    "blanks between the classes": (
        "manager.conf", having("panel", "read = system, call,user,cdr,agent,dialplan,reporting"),
        "read has words that are no classes: ' call'",
        "read = system,call,user,cdr,agent,dialplan,reporting",
    ),
    "a class that a blank hides": (
        "manager.conf", having("panel", "read = system, call,user,cdr,agent,dialplan,reporting"),
        "this login lacks read = call", "read = system,call,user,cdr,agent,dialplan,reporting",
    ),
    "nothing between two commas": (
        "manager.conf", having("panel", "write = system,,call,originate,agent,reporting"),
        "has write = all", "write = system,call,originate,agent,reporting",
    ),
    "a later line": (
        "manager.conf",
        having("panel", "read = system,call,user,cdr,agent,dialplan,reporting\nREAD = system"),
        "this login lacks read = call,user,cdr", "read = system,call,user,cdr",
    ),
    "no patience": (
        "manager.conf", without("panel", "writetimeout"),
        "does not read for 100 ms", "writetimeout = 5000",
    ),
    "one at a time": (
        "manager.conf", having("general", "allowmultiplelogin = no"),
        "one session at a time", "",
    ),
    "filtered": (
        "manager.conf", having("panel", "eventfilter = !Event: VarSet"),
        "are filtered", "",
    ),
    "no records as events": (
        "cdr_manager.conf", having("general", "enabled = no"),
        "not sent as events", "enabled = yes",
    ),
    "no records at all": (
        "cdr.conf", having("general", "enable = no"),
        "records are switched off", "enable = yes",
    ),
    "no linkedid in records": (
        "cdr.conf", without("csv", "newcdrcolumns"),
        "Master.csv has no linkedid", "newcdrcolumns = yes",
    ),
    "no uniqueid in records": (
        "cdr.conf", having("csv", "loguniqueid = no"),
        "Master.csv has no uniqueid", "loguniqueid = yes",
    ),
    "unanswered calls are left out": (
        "cdr.conf", having("general", "unanswered = no"),
        "some unanswered calls are not in the CDR", "unanswered = yes",
    ),
    "few channel events": (
        "cel.conf", having("general", "events = CHAN_START,CHAN_END"),
        "the CEL lacks ANSWER, HANGUP", "events = CHAN_START,CHAN_END,ANSWER,HANGUP",
    ),
    "no applications in the channel events": (
        "cel.conf", having("general", "apps = all"),
        "when a caller was in queue or voicemail", "apps = queue,voicemail",
    ),
    "one application in the channel events": (
        "cel.conf", having("general", "apps = dial\napps = Queue"),
        "when a caller was in voicemail", "apps = dial,queue,voicemail",
    ),
    "agents of two names": (
        "queues.conf", without("general", "log_membername_as_agent"),
        "an agent's interface at his login", "log_membername_as_agent = yes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_named_with_the_line_that_mends_it(
    sh: ast_notebook.SmartHome, etc: Path, what: str
) -> None:
    file, change, told, line = BROKEN[what]
    path = etc / file
    path.write_text(change(path.read_text()))
    found = examine(sh.ast)
    (finding,) = [one for one in found.findings if told in one.what]
    if line:
        assert finding.file == file
        assert any(one.startswith(line) for one in finding.lines)
        assert line in found.fix_lines()


def test_what_is_sound_is_not_complained_of(sh: ast_notebook.SmartHome, etc: Path) -> None:
    for file, line in (("cdr.conf", "newcdrcolumns = yes"), ("queues.conf", "")):
        path = etc / file
        name = "csv" if line else "general"
        path.write_text(having(name, line or "log_membername_as_agent = yes")(path.read_text()))
    found = examine(sh.ast)
    assert [one for one in found.findings if one.level is not Level.UNSAFE] == []
    assert "no fixes since" in whats(found) or not found.findings


def test_the_lines_pasted_mend_all(sh: ast_notebook.SmartHome, etc: Path) -> None:
    for file, change, _, _ in (BROKEN[one] for one in ("no times", "no patience", "from anywhere")):
        (etc / file).write_text(change((etc / file).read_text()))
    sick = examine(sh.ast)
    assert len([one for one in sick.findings if one.file == "manager.conf"]) == 3
    place = ("", "")
    for line in sick.fix_lines().splitlines():
        if line.startswith("; ") and line.endswith(".conf"):
            place = (line[2:], "")
        elif line.startswith("["):
            place = (place[0], line.strip("[]"))
        elif line and not line.startswith(";"):
            path = etc / place[0]
            path.write_text(having(place[1], line)(path.read_text()))
    assert [one for one in examine(sh.ast).findings if one.lines] == []


def test_an_asterisk_without_fixes_is_told_of(
    sh: ast_notebook.SmartHome, examined: Asterisk
) -> None:
    assert ("no fixes since 2023-10-09" in whats(examine(sh.ast))) == (examined.version == 16)


def test_freepbx_is_told_of_its_own_files(sh: ast_notebook.SmartHome, etc: Path) -> None:
    sh.ast.command("dialplan set global AMPMGRUSER admin")
    try:
        path = etc / "manager.conf"
        path.write_text(without("panel", "writetimeout")(path.read_text()))
        path = etc / "queues.conf"
        path.write_text(without("general", "log_membername_as_agent")(path.read_text()))
        lines = examine(sh.ast).fix_lines()
    finally:
        sh.ast.command('dialplan set global AMPMGRUSER ""')
    assert "; manager_custom.conf\n[panel](+)\nwritetimeout = 5000" in lines
    assert "; queues_custom_general.conf\nlog_membername_as_agent = yes" in lines


def test_events_that_nobody_follows_are_counted(sh: ast_notebook.SmartHome) -> None:
    text = "Event: DTMFBegin\r\nPrivilege: dtmf,all\r\nDigit: 1"
    for _ in range(200):
        sh.ast.record.add([text], int(time.time() * 1e6))
    (finding,) = [one for one in examine(sh.ast).findings if one.level is Level.COSTLY]
    assert "dtmf (3." in finding.what
    sh.ast.record.clear()


def test_a_login_that_may_ask_little_is_told_what_it_lacks(examined: Asterisk) -> None:
    path = examined.directories.etc / "manager.conf"
    before = path.read_text()
    path.write_text(f"{before}\n[poor]\nsecret = {PASSWORD}\nread = call\nwrite = call\n")
    examined.cli("manager reload")
    try:
        with connected(examined, "poor") as sh:
            found = examine(sh.ast)
    finally:
        path.write_text(before)
        examined.cli("manager reload")
    assert "this login may not read the configuration" in whats(found)
    assert "lacks write = originate" in whats(found)


def test_the_magic_shows_a_table_and_gives_lines_and_never_the_password(
    examined: Asterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AST_PASSWORD", PASSWORD)
    with an_ipython() as shell:
        shell.run_line_magic("load_ext", "ast_notebook")
        shell.run_line_magic("ast", f"connect panel@{examined.host}:{examined.port}")
        found = shell.run_line_magic("ast", "doctor")
        lines = shell.run_line_magic("ast", "doctor --fix-lines")
        shell.run_line_magic("unload_ext", "ast_notebook")
    assert isinstance(found, Examination)
    shown = f"{found!r}{found._repr_html_()}{found.frame.to_csv()}{lines}"
    assert PASSWORD not in shown
    assert "log_membername_as_agent = yes" in lines


def test_the_command_line_says_the_same(examined: Asterisk) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "ast_notebook", "doctor", f"panel@{examined.host}:{examined.port}"],
        env={"AST_PASSWORD": PASSWORD, "PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 1, said.stderr
    assert "log_membername_as_agent" in said.stdout
    assert PASSWORD not in said.stdout + said.stderr


def test_telephones_without_a_number_are_named() -> None:
    require(22)
    with Asterisk(22, settings=SETTINGS) as pbx:
        path = pbx.directories.etc / "pjsip.conf"
        assert "callerid = Door <200>" in path.read_text()
        path.write_text(path.read_text().replace("callerid = Door <200>", ""))
        pbx.cli("module reload res_pjsip.so")
        with connected(pbx) as sh:
            found = examine(sh.ast)
    (finding,) = [one for one in found.findings if "without a number" in one.what]
    assert "PJSIP/200" in finding.what
    assert (finding.file, finding.section) == ("pjsip.conf", "200")
