"""The files in `binder/` do their work in a home of their own: see `python -m tools.binder`."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from packaging.specifiers import SpecifierSet
from playwright.sync_api import Browser

from tests.lab.ports import free_port
from tests.support import browser
from tests.support.paths import ROOT
from tests.support.uv import CONSTRAINTS, PROJECT, uv
from tests.support.waiting import eventually
from tools.binder import __main__ as command
from tools.binder import image
from tools.binder.container import Container, StepFailed
from tools.binder.debian import RELEASES
from tools.binder.visit import Visit, visit

#: Seconds that a visit may take here, where a whole suite of tests may be at work.
PATIENCE = 240.0
#: A test may be run by root, whom Jupyter refuses otherwise.
JUPYTER = ["jupyter", "lab", "--allow-root"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    browser.require()
    with browser.browser() as started:
        yield started


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with Jupyter, and with what the package needs, but not with the package."""
    place = tmp_path_factory.mktemp("environment") / "notebook"
    uv("venv", "--seed", "--python", sys.executable, place)
    there = ("--python", place / "bin" / "python")
    uv("pip", "install", *there, "-c", CONSTRAINTS, "-r", PROJECT, "--extra", "lab")
    return place


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, prefix: Path) -> Container:
    """A home with a clone of this repository, in which `postBuild` was run."""
    home = tmp_path_factory.mktemp("home")
    port = str(free_port(socket.SOCK_STREAM))
    container = Container(home, prefix, {"AST_PORT": port})
    image.copy_clone(ROOT, home)
    image.post_build(container)
    return container


@pytest.fixture(scope="module")
def visited(built: Container, chromium: Browser) -> Visit:
    port = free_port(socket.SOCK_STREAM)
    return visit(built, JUPYTER, chromium, port=port, patience=PATIENCE)


@pytest.mark.timeout(1200)
def test_postbuild_installs_the_clone_itself(built):
    inside = built.prefix / "lib"
    (package,) = inside.glob("python3.*/site-packages/ast_notebook")
    bundle = "panel/static/panel.js"
    assert (package / bundle).read_bytes() == (ROOT / "ast_notebook" / bundle).read_bytes()


@pytest.mark.timeout(1200)
def test_postbuild_leaves_the_clone_as_it_was(built):
    done = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"],
        cwd=built.home,
        capture_output=True,
        text=True,
        check=True,
    )
    changed = {line[3:] for line in done.stdout.splitlines() if line.startswith("!!")}
    assert not {one for one in changed if one.startswith(("build", "ast_notebook"))}


@pytest.mark.timeout(1200)
def test_a_visitor_sees_the_panel_and_the_quickstart_on_the_demo_of_start(built, visited):
    assert visited.lamps >= 1
    assert 0 < visited.server < visited.panel
    assert f"panel@127.0.0.1:{built.environment()['AST_PORT']}" in visited.text


@pytest.mark.timeout(1200)
def test_nothing_of_a_container_outlives_it(built, visited):
    port = int(built.environment()["AST_PORT"])
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
    own = str(built.prefix)
    eventually(lambda: not [one for one in commands() if own in one] or None, 60)


def commands() -> list[str]:
    found = (one.info["cmdline"] for one in psutil.process_iter(["cmdline"]))
    return [" ".join(words or []) for words in found]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a `postBuild` and a `start` that do nothing."""
    place = tmp_path / "repository"
    (place / "binder").mkdir(parents=True)
    (place / "binder" / "postBuild").write_text("#!/bin/sh\n")
    (place / "binder" / "start").write_text('#!/bin/sh\nexec "$@"\n')
    (place / "notebooks").mkdir()
    subprocess.run(["git", "init", "-q", place], check=True)
    commit(place)
    return place


def commit(place: Path) -> None:
    who = ("-c", "user.name=tests", "-c", "user.email=tests@example.invalid")
    subprocess.run(["git", "-C", place, "add", "."], check=True)
    subprocess.run(["git", "-C", place, *who, "commit", "-qm", "files"], check=True)


def test_a_clone_has_what_git_knows_and_nothing_else(repository, tmp_path):
    (repository / "binder" / "postBuild").write_text("#!/bin/sh\nexit 0\n")
    (repository / "unknown").touch()
    home = tmp_path / "home"
    image.copy_clone(repository, home)
    assert (home / "binder" / "postBuild").read_text() == "#!/bin/sh\nexit 0\n"
    assert not (home / "unknown").exists()


def test_a_postbuild_that_fails_ends_the_build_with_what_it_said(repository, tmp_path):
    (repository / "binder" / "postBuild").write_text("#!/bin/sh\necho no such package\nexit 3\n")
    container = Container(tmp_path / "home", tmp_path / "none")
    image.copy_clone(repository, container.home)
    with pytest.raises(StepFailed, match=r"ended with 3:\nno such package"):
        image.post_build(container)


def test_a_start_that_fails_is_no_visit(repository, tmp_path, chromium):
    (repository / "binder" / "start").write_text("#!/bin/sh\necho no PBX\nexit 4\n")
    container = Container(tmp_path / "home", tmp_path / "none")
    image.copy_clone(repository, container.home)
    image.post_build(container)
    with pytest.raises(StepFailed, match=r"Jupyter does not answer\nno PBX"):
        visit(container, JUPYTER, chromium, port=free_port(socket.SOCK_STREAM), patience=PATIENCE)


@pytest.mark.timeout(1200)
def test_a_cell_that_fails_is_told_of(repository, tmp_path, chromium, prefix):
    cells = [nbformat.v4.new_code_cell(code) for code in ("1 / 0", "%ast panel")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, repository / "notebooks" / "quickstart.ipynb")
    commit(repository)
    container = Container(tmp_path / "home", prefix)
    image.copy_clone(repository, container.home)
    image.post_build(container)
    with pytest.raises(StepFailed, match="cell 1 of the quickstart failed: ZeroDivisionError"):
        visit(container, JUPYTER, chromium, port=free_port(socket.SOCK_STREAM), patience=PATIENCE)


@pytest.mark.parametrize(
    ("panel", "end", "status"), [(9.0, 60.0, 0), (180.5, 200.0, 1), (9.0, 180.5, 1)]
)
def test_more_than_three_minutes_are_a_failure(panel, end, status):
    assert command.verdict(Visit(5.0, panel, end, 8, "")) == status


def test_a_failed_step_is_told_of_by_the_status(monkeypatch, capsys):
    def fails(*_: object) -> Visit:
        raise StepFailed("postBuild ended with 3")

    monkeypatch.setattr(command, "rehearse", fails)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert command.main([]) == 1
    assert "postBuild ended with 3" in capsys.readouterr().err


def test_the_python_of_binder_is_one_of_ours():
    version = image.python_version(ROOT)
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    assert version in SpecifierSet(project["requires-python"])
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]
    assert version in RELEASES


@pytest.mark.parametrize("text", ["python-3", "python-3.11.2", "3.11", "r-4.4-2026-01-01"])
def test_a_runtime_that_names_no_python_is_refused(tmp_path, text):
    (tmp_path / "binder").mkdir()
    (tmp_path / "binder" / "runtime.txt").write_text(text)
    with pytest.raises(StepFailed, match=re.escape(repr(text))):
        image.python_version(tmp_path)
