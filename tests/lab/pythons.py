"""Fetches the newest Python from Debian sid into the cache folder, without installing it.

As with the Asterisks, packages are unpacked, and run by their tree's own dynamic loader. The loader
is started by a script in the place of the program, and names that script to Python, so that virtual
environments and child processes find it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.lab.install import InstallError, Suite, cache_folder, download, run

#: Raised by one whenever what is unpacked changes.
LAYOUT = 1
#: Wheels of NumPy and others need the C++ library of the system.
NEWEST = Suite("sid", ("python3", "libstdc++6"))


def newest() -> Path:
    """Return the program of the newest Python, which is fetched unless that was done before.

    Raises
    ------
    InstallError
        When apt has no Debian mirror, or downloading or unpacking fails.
    """
    target = cache_folder() / f"python-{NEWEST.name}-{LAYOUT}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-") as temporary:
            unpacked = Path(temporary) / "tree"
            for package in download(NEWEST, Path(temporary) / "apt"):
                run(["dpkg-deb", "-x", str(package), str(unpacked)])
            _finish(unpacked, target)
            unpacked.rename(target)
    return next((target / "usr" / "bin").glob("python3.*[0-9]"))


def _finish(unpacked: Path, target: Path) -> None:
    """Put a script in the place of the program that starts it by the tree's own loader."""
    program = next((unpacked / "usr" / "bin").glob("python3.*[0-9]"))
    loader = next(unpacked.glob("usr/lib/*-linux-*/ld-linux*.so.*"), None)
    if loader is None:
        raise InstallError(f"There is no dynamic loader in {unpacked}.")
    there = target / loader.relative_to(unpacked)
    binary = program.rename(program.with_name(f"{program.name}.elf"))
    program.write_text(
        f'#!/bin/sh\nexec "{there}" --library-path "{there.parent}" --argv0 "$0" '
        f'"{target / binary.relative_to(unpacked)}" "$@"\n'
    )
    program.chmod(0o755)
