"""Lays out the pages of the site in a folder, and has Sphinx build them there."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ast_notebook.demo.week import week
from tools.site import api, benchmarks, findings, frames, magics, messages

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "site"

#: Pages that are made anew at each build, by their paths in the site.
PAGES: dict[str, Callable[[], str]] = {
    "contributing.md": lambda: _of_root("CONTRIBUTING.md"),
    "benchmarks.md": benchmarks.page,
    "changelog.md": lambda: _of_root("CHANGELOG.md"),
    "reference/magics.md": magics.page,
    "reference/frames.md": frames.page,
    "reference/messages.md": messages.page,
    "reference/findings.md": findings.page,
    "reference/command-line.md": magics.console_page,
    **{f"reference/{name}.md": partial(api.page, name) for name in api.PAGES},
}


def build(to: Path = BUILD, *, run: bool = True, links: bool = False) -> int:
    """Build the site.

    Parameters
    ----------
    to : Path
        The folder for it; `html` in it has the pages.
    run : bool
        Whether the cells of the pages are run.
    links : bool
        Whether external links are checked, in place of the pages being made.

    Returns
    -------
    int
        Sphinx's exit status: 0 if there was no warning.
    """
    lay_out(to / "source")
    return sphinx(to / "source", to, run=run, links=links)


def sphinx(source: Path, to: Path, *, run: bool = True, links: bool = False) -> int:
    """Have Sphinx build the pages in a folder; the parameters and the result are as in `build`."""
    builder = "linkcheck" if links else "html"
    shutil.rmtree(to / builder, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-W", "--keep-going", "-E", "-q"]
    command += ["-d", str(to / "doctrees")]
    if not run:
        command += ["-D", "nb_execution_mode=off"]
    command += [str(source), str(to / builder)]
    return subprocess.run(command, cwd=ROOT, env=_environment()).returncode  # noqa: S603 (ours)


def lay_out(source: Path) -> None:
    """Write the pages of `docs/`, and those that are made of the code, into one folder."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("__pycache__"))
    for name, page in PAGES.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")
    _samples(source / "howto")


def _samples(folder: Path) -> None:
    """Write the files that recipes read: what a PBX wrote, and a day of events."""
    recorded = ROOT / "tests" / "data" / "recordings" / "asterisk22"
    for name, packed in (("Master.csv", "cdr.csv.gz"), ("queue_log", "queue_log.gz")):
        (folder / name).write_bytes(gzip.decompress((recorded / packed).read_bytes()))
    events = week("2026-11-16")
    events[events["time"] < "2026-11-17"].to_parquet(folder / "day.parquet")


def _environment() -> dict[str, str]:
    """Return what kernels get: this checkout, and nothing of the user's settings."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AST_")}
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONPATH": str(ROOT),
    }
    return kept | own


def _of_root(name: str) -> str:
    """Return a page of the checkout's root, with its links as they are from `docs/`."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return text.replace("](docs/", "](").replace("](CHANGELOG.md", "](changelog.md")
