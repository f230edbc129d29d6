"""The doctor's findings at one PBX, worst first, and the lines to paste."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from ast_notebook.asterisk import Asterisk
from ast_notebook.doctor import asterisk_setup, login
from ast_notebook.doctor.finding import Finding
from ast_notebook.doctor.login import ordered
from ast_notebook.doctor.pbx_info import PbxInfo
from ast_notebook.show import Text, plain, table

#: The files of FreePBX for settings of one's own, which it does not overwrite.
_FREEPBX = {
    "manager.conf": "manager_custom.conf",
    "cel.conf": "cel_general_custom.conf",
    "queues.conf": "queues_custom_general.conf",
    "sip.conf": "sip_general_custom.conf",
    "pjsip.conf": "pjsip.endpoint_custom_post.conf",
}
#: Files of FreePBX that are included inside of [general], so that they have no section header.
_INSIDE = ("cel_general_custom.conf", "queues_custom_general.conf", "sip_general_custom.conf")


class Examination:
    """The findings at one PBX; a notebook shows them as a table, worst first.

    Attributes
    ----------
    name : str
        The name of the PBX.
    version : str
        Asterisk's version; empty if it is not known.
    findings : tuple of Finding
        The worst first.
    rights : mapping
        The classes that the login has for ``read`` and for ``write``, if they are known.
    is_freepbx : bool
        Whether FreePBX writes the configuration; then `fix_lines` names FreePBX's own files.
    """

    def __init__(
        self,
        name: str,
        version: str,
        findings: tuple[Finding, ...],
        *,
        rights: Mapping[str, frozenset[str]],
        is_freepbx: bool = False,
    ) -> None:
        self.rights = dict(rights)
        self.name = name
        self.version = version
        self.findings = findings
        self.is_freepbx = is_freepbx

    @property
    def frame(self) -> pd.DataFrame:
        """The findings as a frame: ``level what why file section lines``, all text."""
        rows = [
            (one.level.name, one.what, one.why, *self._place(one), "\n".join(one.lines))
            for one in self.findings
        ]
        names = ["level", "what", "why", "file", "section", "lines"]
        return pd.DataFrame(rows, columns=names, dtype="str")

    def fix_lines(self) -> Text:
        """Return the lines that mend all findings, file by file, to be pasted.

        The lines ``read`` and ``write`` have the classes that the login has or a finding asks for,
        without those that a finding takes away.
        """
        files: dict[str, dict[str, dict[str, str]]] = {}
        repeated = ("deny", "permit")
        for one in self.findings:
            file, section = self._place(one)
            for line in one.lines:
                setting, _, value = line.partition(" = ")
                there = files.setdefault(file, {}).setdefault(section, {})
                if setting in self.rights:
                    value = self._rights(setting)
                there[setting if setting not in repeated else line] = value
        blocks = []
        for file, sections in files.items():
            text = [f"; {file}"]
            for section, settings in sections.items():
                if section:
                    text.append(f"[{section}]{'(+)' if self._adds(file, section) else ''}")
                text += [
                    name if name.startswith(repeated) else f"{name} = {value}"
                    for name, value in settings.items()
                ]
            blocks.append("\n".join(text))
        if not blocks:
            return Text("; nothing to change")
        return Text("\n\n".join([*blocks, "; then: core reload, and connect again"]))

    def _rights(self, setting: str) -> str:
        has = self.rights[setting]
        asked = [
            set(value.split(","))
            for finding in self.findings
            for name, _, value in (line.partition(" = ") for line in finding.lines)
            if name == setting
        ]
        gone = set().union(*(has - one for one in asked))
        return ",".join(ordered(has.union(*asked) - gone))

    def _adds(self, file: str, section: str) -> bool:
        """Tell whether a section exists in another file already."""
        return file == "manager_custom.conf" or file.startswith("pjsip.")

    def _place(self, finding: Finding) -> tuple[str, str]:
        file = _FREEPBX.get(finding.file, finding.file) if self.is_freepbx else finding.file
        section = "" if file in _INSIDE and finding.section == "general" else finding.section
        return file, section

    def _heading(self) -> str:
        version = f" (Asterisk {self.version})" if self.version else ""
        count = len(self.findings)
        found = "nothing to mend" if not count else f"{count} thing{'s' * (count > 1)} to look at"
        return f"{self.name}{version}: {found}"

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        for one in self.findings:
            file, section = self._place(one)
            where = f"{file} [{section}]" if section else file
            change = "; ".join(one.lines)
            yield (
                one.level.name.lower(),
                one.what,
                one.why,
                f"{where}: {change}" if change else where,
            )

    def __repr__(self) -> str:
        if not self.findings:
            return plain(self._heading())
        blocks = [
            f"{level:8}{what}\n{'':8}{why}" + (f"\n{'':8}{mend}" if mend else "")
            for level, what, why, mend in self._rows()
        ]
        return plain("\n".join([self._heading(), *blocks]))

    def _repr_html_(self) -> str:
        return table(
            ["", "what", "why", "where, and the lines"], self._rows(), title=self._heading()
        )


def examine(pbx: Asterisk) -> Examination:
    """Ask a connected PBX how it is set up, and return what is wrong.

    Nothing is changed on the PBX. What the login may not ask is unknown, and is not guessed.

    Parameters
    ----------
    pbx : Asterisk
        The PBX, such as ``sh.ast``.

    Raises
    ------
    ConnectionLost
        If there is no connection.

    Examples
    --------
    >>> found = examine(sh.ast)
    >>> print(found.fix_lines())
    """
    pbx.action("Ping")
    info = PbxInfo(pbx)
    found = [*login.checks(info), *asterisk_setup.checks(info)]
    found.sort(key=lambda one: one.level)
    rights = {what: info.classes(what) for what in ("read", "write")}
    return Examination(
        pbx.name,
        info.version,
        tuple(found),
        rights={what: classes for what, classes in rights.items() if classes is not None},
        is_freepbx=info.is_freepbx,
    )
