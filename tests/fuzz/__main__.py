"""Fuzzes a target by hand: `python -m tests.fuzz TARGET --minutes 60`.

It needs atheris, which is no requirement of the tests. What it comes upon is kept beside this file,
an archive a target: the next run begins with it, and the tests replay it. What raises, takes more
than half a minute or more than two gigabytes is left in the working folder as a file, by which
``--again FILE`` repeats it.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.corpus import keep, kept, seeds
from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz one target, or repeat what it found."""
    about, _, more = str(__doc__).partition("\n")
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=about, epilog=more)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--again", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.again is not None:
        TARGETS[given.target](given.again.read_bytes())
    elif importlib.util.find_spec("atheris") is None:
        raise SystemExit("atheris is not installed: python -m pip install atheris")
    else:
        raise SystemExit(_fuzz(given.target, int(given.minutes * 60)))


def _fuzz(target: str, seconds: int) -> int:
    before = [*seeds(target), *kept(target)]
    with tempfile.TemporaryDirectory() as known, tempfile.TemporaryDirectory() as found:
        for number, data in enumerate(before):
            Path(known, str(number)).write_bytes(data)
        limits = ("-timeout=30", "-rss_limit_mb=2048", "-max_len=4096")
        folders = (found, known)  # it adds to the first of them
        options = (f"-max_total_time={seconds}", "-print_final_stats=1", *limits)
        command = [sys.executable, "-m", "tests.fuzz.run", target, *folders, *options]
        code = subprocess.run(command, check=False).returncode
        keep(target, [*before, *(path.read_bytes() for path in Path(found).iterdir())])
    return code


if __name__ == "__main__":
    main()
