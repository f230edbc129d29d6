"""`%ast unreturned`, and `%ast report --against`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ast_notebook.errors import ConfError
from tests.support.logs import write
from tests.support.past import line
from tests.support.shell import TestingShell, an_ipython


@pytest.fixture
def shell() -> Iterator[TestingShell]:
    with an_ipython() as shell:
        shell.run("%load_ext ast_notebook")
        yield shell
        shell.run("%unload_ext ast_notebook")


def missed(day: int, caller: str) -> str:
    """Return a call from the provider at noon that nobody took."""
    begin = f"2026-06-{day:02} 12:00:00"
    return line(src=caller, channel=f"PJSIP/provider-{day:08x}", start=begin, answer="",
                end=f"2026-06-{day:02} 12:00:20", duration="20", billsec="0",
                disposition="NO ANSWER")  # fmt: skip


def test_who_waits_for_a_call_is_told_from_a_file(shell: TestingShell, tmp_path: Path) -> None:
    path = write(tmp_path, missed(1, "030111") + missed(8, "030222") + missed(9, "030222"))
    found = shell.run(f"%ast unreturned {path} --tz UTC --trunk provider")
    assert found["caller"].tolist() == ["030111", "030222"]
    assert found["tries"].tolist() == [1, 2]
    berlin = repr(shell.run(f"%ast unreturned {path} --tz Europe/Berlin --trunk provider"))
    assert "08 Jun" in berlin and "12:00:00" in berlin and "times in Europe/Berlin" in berlin
    line_of = f"%ast unreturned {path} --tz UTC --trunk provider"
    late = shell.run(f"{line_of} --since 2026-06-08 --within 1d")
    assert late["caller"].tolist() == ["030222"]
    hidden = shell.run(f"%ast unreturned {path} --tz Asia/Tokyo --trunk provider --anonymize")
    assert len(hidden) == 2 and "030" not in hidden.to_csv()
    assert "times in Asia/Tokyo" in repr(hidden)
    with pytest.raises(UsageError, match="length of time"):
        shell.run(f"{line_of} --within soon")


def test_missed_calls_are_told_from_a_file(shell: TestingShell, tmp_path: Path) -> None:
    path = write(tmp_path, missed(1, "030111") + missed(8, "030222") + missed(9, "030222"))
    week = f"{path} --tz Europe/Berlin --since 2026-06-08"
    found = shell.run(f"%ast missed {week} --until 2026-06-08")
    assert found["caller"].tolist() == ["030222"]
    assert "no answer" in repr(found) and "times in Europe/Berlin" in repr(found)
    assert "12:00:00" in repr(found)  # by the clock of the file, and not in UTC
    assert len(shell.run(f"%ast missed {week}")) == 2
    assert len(shell.run(f"%ast calls {week} --number 030222")) == 2
    none = shell.run(f"%ast calls {week} --answered-by 200")
    assert repr(none).startswith("No such calls among the 3 of")
    assert repr(shell.run(f"%ast visits {week}")).startswith("No such queue calls among the 0 of")
    hidden = shell.run(f"%ast missed {week} --anonymize")
    assert len(hidden) == 2 and "030" not in hidden.to_csv()


def test_a_report_compares_with_the_week_before(shell: TestingShell, tmp_path: Path) -> None:
    path = write(tmp_path, missed(1, "030111") + missed(8, "030222") + missed(9, "030222"))
    report = shell.run(
        f"%ast report {path} --tz UTC --trunk provider --since 2026-06-08 --against last-week"
    )
    calls = report.office.comparison.set_index("measure").loc["calls"]
    assert (calls["now"], calls["before"]) == (2, 1)
    assert "Compared with 2026-06-01" in report.html()
    assert "wait for a call" in repr(report)
    with pytest.raises(UsageError, match="last-week"):
        shell.run(f"%ast report {path} --tz UTC --against never")


def test_they_complete_and_have_help(shell: TestingShell) -> None:
    assert "%ast unreturned" in str(shell.run("%ast help"))
    assert {"--since", "--within", "--trunk"} <= set(shell.complete_words("%ast unreturned --"))
    assert "last-week" in shell.complete_words("%ast report --against ")
    assert "--within" in str(shell.run("%ast help unreturned"))


@pytest.fixture
def connected(shell: TestingShell, tmp_path: Path) -> TestingShell:
    write(tmp_path, "number,name\n030 123456,Ann <b>\n200,Desk\n", "people.csv")
    shell.run("%ast demo --no-calls;")
    return shell


def test_a_site_is_told_once(connected: TestingShell, tmp_path: Path) -> None:
    pbx = connected.run("sh.ast")
    connected.run("%config AstMagics.country = 'DE'")
    connected.run(f"%config AstMagics.phone_book = {str(tmp_path / 'people.csv')!r}")
    connected.run("%config AstMagics.trunks = 'PJSIP/provider, PJSIP/other'")
    assert pbx.trunks == ("PJSIP/provider", "PJSIP/other")
    assert pbx.numbering.name("+49 30 123456") == "Ann <b>"
    assert "caller_e164" in connected.run("%ast calls")
    found = connected.run("%ast trunks PJSIP/provider")
    assert found[["device", "told"]].to_numpy().tolist() == [["PJSIP/provider", True]]
    connected.run("%ast demo --no-calls;")  # a new connection is told of it, too
    assert connected.run("sh.ast").trunks == ("PJSIP/provider", "PJSIP/other")
    with pytest.raises(UsageError, match="not both"):
        connected.run("%ast trunks PJSIP/a --guess")
    with pytest.raises(ConfError, match="no device looks like a trunk"):
        connected.run("%ast trunks --guess")


def test_a_guess_of_the_trunks_is_shown_and_can_be_corrected(
    connected: TestingShell, tmp_path: Path
) -> None:
    connected.run("%config AstMagics.trunks = ''")
    text = "".join(missed(day, f"03000{day}") for day in (1, 2, 3))
    path = write(tmp_path, text)
    with pytest.warns(UserWarning, match=r"PJSIP/provider \(3 different numbers called from it\)"):
        found = connected.run(f"%ast unreturned {path} --tz UTC --trunk guess")
    assert found["caller"].tolist() == ["030001", "030002", "030003"]
    assert "guess" in connected.complete_words("%ast unreturned --trunk ")
    assert "--guess" in connected.complete_words("%ast trunks --")
    assert "name the right ones" in str(connected.run("%ast help trunks"))


def test_a_mistake_in_the_settings_is_told_at_once_and_taken_back(
    connected: TestingShell, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connected.run(f"%config AstMagics.phone_book = {str(tmp_path / 'people.csv')!r}")
    for name, wrong in (("country", "Atlantis"), ("outside", "x"), ("phone_book", "none.csv")):
        connected.run(f"%config AstMagics.{name} = {wrong!r}")
        assert wrong in caplog.messages[-1]  # IPython shows an error of %config so
    connected.run("%config AstMagics.country = 'DE'")  # the phone book is by this country now
    assert connected.run("sh.ast").numbering.name("+49 30 123456") == "Ann <b>"
    assert connected.run("sh.ast").numbering.outside == ""


def test_names_are_written_only_when_asked(connected: TestingShell, tmp_path: Path) -> None:
    connected.run("%config AstMagics.country = 'DE'")
    connected.run("%ast db write cidname/200 Old")
    line_of = f"%ast names {tmp_path / 'people.csv'}"
    found = connected.run(line_of).set_index("key")
    assert found["what"].to_dict() == {
        "cidname/030123456": "new",
        "cidname/+4930123456": "new",
        "cidname/200": "changed",
    }
    assert found.loc["cidname/200", "before"] == "Old"
    assert connected.run("%ast db read cidname/200") == "Old"
    connected.run(f"{line_of} --write")
    assert connected.run("%ast db read cidname/200") == "Desk"
    assert connected.run("%ast db read cidname/+4930123456") == "Ann b"  # no markup of SIP's
    assert (connected.run(line_of)["what"] == "same").all()
