"""Rehearses what Binder does with this repository, in a clean root of Debian, with a clock.

Run it as root by ``python -m tools.binder``. The steps are those of repo2docker: a clean system
with an unprivileged user, an environment of Python with Jupyter in it, a clone of the repository in
the user's home, ``binder/postBuild``, and at a click ``binder/start`` with Jupyter's command as its
arguments. Then chromium opens the quickstart in that JupyterLab and runs it. After the build there
is no network but loopback, neither for the container nor for the browser.

The exit status is 1 if a step fails, or if the panel's lamps or the end of the quickstart come
later than three minutes after the click. On Binder the steps before the click are done once for
each commit.

Binder's Python is conda's, and Binder's system is Ubuntu; here both are Debian's, and the Python
has the same version. Jupyter's main packages have the versions that Binder's frozen environment
has; all others are the newest. `docs/binder.md` says more about what is the same and what differs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Error

from tests.lab.install import InstallError
from tests.support.browser import browser
from tests.support.paths import ROOT
from tools.binder import debian
from tools.binder.container import StepFailed
from tools.binder.image import copy_clone, post_build, python_version
from tools.binder.visit import Visit, visit

#: Seconds that a click may take.
LIMIT = 180.0
PORT = 8888


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Print how long a step of the build takes."""
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:7.1f} s  {name}", flush=True)


def rehearse(repository: Path, picture: Path | None = None) -> Visit:
    """Build, start and visit, and print how long each step takes.

    Parameters
    ----------
    repository : Path
    picture : Path, optional
        Where to save a picture of the panel.

    Returns
    -------
    Visit
    """
    version = python_version(repository)
    print(f"Build, once for each commit (load {os.getloadavg()[0]:.1f}):", flush=True)
    with step(f"clean Debian {debian.RELEASES.get(version)}, kept for the next time"):
        clean = debian.clean_tree(version)
    with debian.fresh_root(clean) as root:
        with step(f"environment of Python {version} with Jupyter"):
            debian.make_environment(root)
        with step("clone of the repository"):
            copy_clone(repository, root.folder)
            root.own()
        with step("binder/postBuild"):
            post_build(root)
        debian.own_network()
        print(f"Click, seconds since its begin (load {os.getloadavg()[0]:.1f}):", flush=True)
        with browser() as chromium:
            done = visit(
                root, ["jupyter", "lab"], chromium, port=PORT, patience=LIMIT, picture=picture
            )
        print(f"{done.server:7.1f} s  Jupyter answers")
        print(f"{done.panel:7.1f} s  the panel is seen, with {done.lamps} lamps")
        print(f"{done.end:7.1f} s  the quickstart has ended")
    return done


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if all went well and in time, otherwise 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.binder", description=__doc__)
    parser.add_argument("--picture", type=Path, help="save a picture of the panel in this file")
    given = parser.parse_args(arguments)
    try:
        if os.geteuid() != 0:
            raise StepFailed("a root of Debian is made by root: run this by sudo")
        done = rehearse(ROOT, given.picture)
    except (StepFailed, InstallError, OSError, Error) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    return verdict(done)


def verdict(done: Visit) -> int:
    """Return 0 if both panel and quickstart came in time, otherwise 1."""
    late = max(done.panel, done.end) > LIMIT
    print(f"{'Too late' if late else 'In time'}: {LIMIT:.0f} s are allowed.")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
