"""Fetches Asterisk 16 and 22 from Debian into a cache folder, without installing them.

Debian's current release may have no ``asterisk`` package, but other suites on the same mirror do.
They are downloaded with private apt directories and unpacked side by side; the system is not
touched, and no root is needed.

    python -m tests.lab.install 16 22
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Raised by one whenever what is unpacked changes, so that an old cache is not taken for a new one.
LAYOUT = 1


class InstallError(RuntimeError):
    """An Asterisk could not be fetched; the message says why."""


@dataclass(frozen=True)
class Suite:
    """A Debian suite and what to take from it."""

    name: str
    packages: tuple[str, ...]


SUITES: Mapping[int, Suite] = {
    # The voicemail of 16 is a package of its own; in 22 it is inside.
    16: Suite("bullseye", ("asterisk", "asterisk-voicemail", "asterisk-core-sounds-en-gsm")),
    22: Suite("sid", ("asterisk", "asterisk-core-sounds-en-gsm")),
}


@dataclass(frozen=True)
class Source:
    """One archive that apt knows: an entry of ``sources.list`` or of a ``.sources`` file."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    @property
    def is_main_archive(self) -> bool:
        """Whether this is a release itself, not its security or third-party neighbour."""
        # "bookworm" or "bookworm/", but neither "bookworm-security" nor "./".
        return "main" in self.components and any(suite.isalpha() for suite in self.suites)

    def line(self, suite: str) -> str:
        """The one-line entry that names another suite of the same archive."""
        options = f"[signed-by={self.signed_by}] " if self.signed_by.startswith("/") else ""
        return f"deb {options}{self.uri} {suite} main\n"


def cache_folder() -> Path:
    """The folder that holds the unpacked trees: ``$AST_NOTEBOOK_CACHE`` or the user's cache."""
    chosen = os.environ.get("AST_NOTEBOOK_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "ast_notebook"


def tree(version: int) -> Path:
    """The folder that an Asterisk is, or would be, unpacked in."""
    return cache_folder() / f"asterisk-{version}-{SUITES[version].name}-{LAYOUT}"


def is_installed(version: int) -> bool:
    """Whether `version` can be started here. Trees appear whole or not at all."""
    return tree(version).is_dir()


def install(version: int) -> Path:
    """Fetch and unpack an Asterisk, unless that was done before.

    Parameters
    ----------
    version : int
        16 or 22.

    Returns
    -------
    pathlib.Path
        The unpacked tree.

    Raises
    ------
    InstallError
        When apt has no Debian mirror, or downloading or unpacking fails.
    """
    target = tree(version)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-") as temporary:
        work = Path(temporary)
        packages = download(SUITES[version], work / "apt")
        unpacked = work / "tree"
        for package in packages:
            run(["dpkg-deb", "-x", str(package), str(unpacked)])
        _finish(unpacked)
        try:
            unpacked.rename(target)
        except OSError:
            # Somebody else was faster; what he unpacked is as good.
            if not target.is_dir():
                raise
    return target


def debian_source() -> Source:
    """The Debian mirror that this machine already uses.

    Raises
    ------
    InstallError
        When apt is missing or knows no Debian mirror.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise InstallError("apt-get and dpkg-deb are needed: the lab runs on Debian and its kin.")
    release = _release_name()
    known = [source for source in _sources(Path("/etc/apt")) if source.is_main_archive]
    for source in known:
        if release in source.suites:
            return source
    raise InstallError(f"apt names no archive with the suite {release!r} and the component main.")


def _sources(etc: Path) -> Iterator[Source]:
    """Every binary archive in apt's own configuration."""
    folder = etc / "sources.list.d"
    for path in [etc / "sources.list", *sorted(folder.glob("*.list"))]:
        if path.is_file():
            yield from one_line_sources(path.read_text())
    for path in sorted(folder.glob("*.sources")):
        yield from deb822_sources(path.read_text())


def one_line_sources(text: str) -> Iterator[Source]:
    """Read the ``deb [option=value] uri suite component …`` format."""
    for line in text.splitlines():
        words = line.partition("#")[0].replace("[", " [ ").replace("]", " ] ").split()
        if not words or words[0] != "deb":
            continue
        options: dict[str, str] = {}
        rest = words[1:]
        if rest and rest[0] == "[" and "]" in rest:
            end = rest.index("]")
            options = dict(word.split("=", 1) for word in rest[1:end] if "=" in word)
            rest = rest[end + 1 :]
        if len(rest) >= 2:
            yield Source(rest[0], (rest[1],), tuple(rest[2:]), options.get("signed-by", ""))


def deb822_sources(text: str) -> Iterator[Source]:
    """Read the ``Types: … URIs: …`` format; paragraphs are parted by empty lines."""
    for paragraph in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in paragraph.splitlines():
            name, colon, value = line.partition(":")
            if colon and line[0] not in "# \t":
                fields[name.strip().lower()] = value.strip()
        enabled = fields.get("enabled", "yes") != "no"
        if not enabled or "deb" not in fields.get("types", "").split():
            continue
        suites = tuple(fields.get("suites", "").split())
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            yield Source(uri, suites, components, fields.get("signed-by", ""))


def _release_name() -> str:
    """``bookworm`` and the like, from ``os-release``."""
    for line in Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    # Testing and unstable have had no code name at times.
    return "sid"


def download(suite: Suite, folder: Path) -> list[Path]:
    """Let apt fetch the packages of `suite` with all that they need, libc included."""
    lists, archives = folder / "state" / "lists", folder / "cache" / "archives"
    for part in (lists / "partial", archives / "partial"):
        part.mkdir(parents=True)
    sources, status = folder / "sources.list", folder / "status"
    sources.write_text(debian_source().line(suite.name))
    # To apt this is a machine with nothing on it, so that the whole closure is downloaded.
    status.touch()
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        # Pins and default releases of this machine are about this machine.
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Default-Release": "",
        "Dir::State": folder / "state",
        "Dir::State::Lists": lists,
        "Dir::State::status": status,
        "Dir::Cache": folder / "cache",
        "APT::Install-Recommends": "false",
        # Old suites stay on the mirrors after their lists have run out.
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        # apt's own download user may not enter a cache in somebody's home.
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
    }
    apt = ["apt-get", "-q", "-y", *(f"-o{name}={value}" for name, value in options.items())]
    run([*apt, "update"])
    run([*apt, "--download-only", "install", *suite.packages, "libc6"])
    packages = sorted(archives.glob("*.deb"))
    if not packages:
        raise InstallError(f"apt downloaded nothing from {suite.name}.")
    return packages


def _finish(unpacked: Path) -> None:
    """Do what the packages' own scripts would have done, as far as the lab needs it."""
    sounds = unpacked / "usr" / "share" / "asterisk" / "sounds"
    english = next(sounds.glob("en_US_*"), None)
    if english is not None and not (sounds / "en").exists():
        (sounds / "en").symlink_to(english.name)


def run(command: Sequence[str]) -> None:
    """Run `command` quietly; what it wrote is shown when it fails."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise InstallError(f"{command[0]} ended with {done.returncode}:\n{tail}")


def main(arguments: Sequence[str]) -> int:
    """Install the versions named on the command line, or all of them."""
    versions = [int(argument) for argument in arguments] or sorted(SUITES)
    for version in versions:
        if version not in SUITES:
            print(f"Asterisk {version}: unknown; there are {sorted(SUITES)}.", file=sys.stderr)
            return 2
        if is_installed(version):
            print(f"Asterisk {version}: already in {tree(version)}")
            continue
        print(f"Asterisk {version}: fetching from {SUITES[version].name} …", flush=True)
        try:
            print(f"Asterisk {version}: unpacked in {install(version)}")
        except InstallError as error:
            print(f"Asterisk {version}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
