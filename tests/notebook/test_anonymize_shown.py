"""Every way of showing calls in an IPython shows pseudonyms."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import pytest
from IPython.core.error import UsageError

from ast_notebook import demo
from ast_notebook.errors import ChannelGone, ConfError
from tests.support.shell import TestingShell, an_ipython
from tests.support.waiting import eventually

KEY = "a key of more than sixteen letters"


@pytest.fixture(scope="module")
def pbx() -> Iterator[demo.Demo]:
    with demo.start(calls=False, username="panel") as pbx:
        yield pbx


@pytest.fixture
def shell(pbx: demo.Demo, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestingShell]:
    monkeypatch.setenv("AST_PASSWORD", pbx.password)
    monkeypatch.delenv("AST_ANONYMIZE_KEY", raising=False)
    with an_ipython() as shell, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shell.run("%load_ext ast_notebook")
        shell.run(f"%ast connect {pbx.username}@{pbx.host}:{pbx.port}")
        yield shell
        shell.run("%unload_ext ast_notebook")


def test_every_way_of_showing_calls_shows_pseudonyms(shell, tmp_path, monkeypatch):
    shell.run(f"%ast record to {tmp_path / 'hidden'} --anonymize")
    shell.run("%ast call PJSIP/200 240 door --wait")
    sh = shell.user_ns["sh"]
    sh.ast.hangup("200")
    eventually(lambda: len(sh.ast.calls()) and sh.ast.calls()["end"].notna().all())
    calls = shell.run("%ast calls --anonymize")
    assert calls["caller"].dropna().str.fullmatch("[a-z]{12}").all() and len(calls)
    again = shell.run("%ast calls --anonymize")
    assert calls["caller_device"].tolist() == again["caller_device"].tolist()
    for line in ("events --anonymize", "visits --anonymize", "calls --anonymize"):
        text = shell.run(f"%ast {line}").astype(str).to_csv()
        assert not re.search(r"\b(PJSIP/200|PJSIP/240)\b|,(200|240),", text)
    drawn = shell.run("%ast flow 200 --anonymize")
    assert not re.search(r"\b(200|240|Door)\b", f"{drawn!r}{drawn.svg()}{drawn.channels}")
    assert repr(drawn) == repr(shell.run(f"%ast flow {drawn.call} --anonymize"))
    assert repr(drawn) == repr(shell.run(f"%ast flow {drawn.labels[0]} --anonymize"))
    with pytest.raises(ChannelGone, match="No call '999' is among"):
        shell.run("%ast flow 999 --anonymize")
    tokyo = shell.run("%ast calls --anonymize --tz Asia/Tokyo")
    assert "times in Asia/Tokyo" in repr(tokyo)
    report = shell.run("%ast report --anonymize")
    assert not re.search(r">(200|240)<", report.html())
    assert re.search(r">[a-z]{12}<", report.html())
    shell.run("%ast record").archive.flush()
    past = shell.run(f"%ast history {tmp_path / 'hidden'}")
    assert set(past.calls["caller_device"].dropna()) == set(calls["caller_device"].dropna())
    monkeypatch.setenv("AST_ANONYMIZE_KEY_STUDY", KEY)
    named = shell.run("%ast calls --anonymize study --keep-prefix 1 --trunk PJSIP/240")
    assert named["caller_device"].dropna().str.fullmatch("PJSIP/(2[a-z]{12}|240)").all()
    with pytest.raises(ConfError, match="AST_ANONYMIZE_KEY_OTHER"):
        shell.run("%ast calls --anonymize other")
    with pytest.raises(UsageError, match="write both"):
        shell.run("%ast calls --keep-prefix 2")
