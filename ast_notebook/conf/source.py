"""Reads definitions from a file or a text, whichever of the two formats they are written in."""

from __future__ import annotations

import codecs
import errno
import stat
from pathlib import Path

from ast_notebook.conf.definitions import Definitions
from ast_notebook.conf.findings import Findings
from ast_notebook.conf.lines import read_lines
from ast_notebook.conf.yamltree import read_yaml
from ast_notebook.errors import ConfError

LARGEST = 1_000_000  # bytes, or characters of a text; the settings of a house are smaller


def read(
    source: str | Path, origin: str, findings: Findings | None = None, *, secret: bool = False
) -> Definitions:
    """Read a tree from a file, or from the text of a cell.

    Parameters
    ----------
    source : str or Path
        A text, whose first line tells the format; or a path, whose suffix tells it.
    origin : str
        The name of a text in messages.
    findings : Findings, optional
        Mistakes are added to them. Without them, a text is refused at its first mistake; of a file,
        only the wrong parts are left out.
    secret : bool
        Whether a value may be a password, so that no message may repeat a line.

    Raises
    ------
    ConfError
        If it cannot be read at all.
    """
    if findings is None:
        findings = Findings(strict=isinstance(source, str))
    if isinstance(source, Path):
        origin, file = source.name, source.absolute()
        text = text_of(source, findings)
        is_yaml = source.suffix.lower() in (".yaml", ".yml")
    else:
        file, text, is_yaml = None, source, is_yaml_text(source)
    if len(text) > LARGEST:
        raise _too_large(origin)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = (read_yaml if is_yaml else read_lines)(text, origin, findings, secret=secret)
    return Definitions(found.tree, origin, found.lines, file, findings, is_yaml)


def text_of(path: Path, findings: Findings) -> str:
    """Return the text of a file, with the line ends of any system.

    Raises
    ------
    ConfError
        If it cannot be read, or is too large.
    """
    data = _bytes(path)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = "this is not UTF-8, and is read as Latin-1. Save it as UTF-8"
        findings.note(f"{path.name}, line {line}: {what}")
    return "\n".join(_old_text(line) for line in data.split(b"\n"))


def is_yaml_text(text: str) -> bool:
    """Tell whether a text is YAML, by its first line that is neither empty nor a comment."""
    said = (line.strip() for line in text.splitlines())
    first = next((line for line in said if line[:1] not in ("", "#", ";")), "")
    return not first.startswith("[") and ":" in first.partition("=")[0]


def _bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a pipe or a device has no end
            raise OSError(errno.EINVAL, "it is no file")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or "there cannot be such a file"
        raise ConfError(f"{path} cannot be read: {what}") from None
    if len(data) > LARGEST:
        raise _too_large(path.name)
    return data


def _old_text(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


def _too_large(origin: str) -> ConfError:
    return ConfError(f"{origin}: more than {LARGEST} characters: this is no file of settings")
