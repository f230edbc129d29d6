"""The build of an image by repo2docker's rules: a clone in the home, and then `postBuild`."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.binder.container import Container, StepFailed

POST_BUILD = "binder/postBuild"
START = "binder/start"
RUNTIME = "binder/runtime.txt"


def python_version(repository: Path) -> str:
    """Return the version of Python that a repository asks for.

    Parameters
    ----------
    repository : Path

    Raises
    ------
    StepFailed
        If `runtime.txt` is not of the form that repo2docker reads.
    """
    text = (repository / RUNTIME).read_text(encoding="utf-8")
    found = re.fullmatch(r"python-(\d+\.\d+)", text.strip())
    if found is None:
        raise StepFailed(f"{RUNTIME} has {text!r}, and repo2docker reads python-x.y")
    return found[1]


def copy_clone(repository: Path, home: Path) -> None:
    """Copy a clone of a repository into a home, with the changes of files that git knows.

    Parameters
    ----------
    repository : Path
    home : Path
        The home as this process sees it.
    """
    with tempfile.TemporaryDirectory(prefix="binder-clone-") as temporary:
        clone = Path(temporary) / "clone"
        _git("clone", "--quiet", str(repository), str(clone))
        changes = _git("-C", str(repository), "diff", "--binary", "HEAD")
        if changes:
            _git("-C", str(clone), "apply", "--whitespace=nowarn", "-", given=changes)
        shutil.copytree(clone, home, symlinks=True, dirs_exist_ok=True)


def post_build(container: Container) -> None:
    """Run `postBuild` as the user, in the repository, after it was made executable.

    Parameters
    ----------
    container : Container

    Raises
    ------
    StepFailed
        If its exit status is not 0.
    """
    (container.folder / POST_BUILD).chmod(0o755)
    (container.folder / START).chmod(0o755)
    container.run([f"./{POST_BUILD}"])


def _git(*arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(["git", *arguments], input=given, capture_output=True, check=False)
    if done.returncode:
        raise StepFailed(f"git {arguments[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout
