"""Answers of a real Asterisk that end oddly or hold much."""

import re

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.sessions import opened
from tests.support.waiting import eventually


@pytest.mark.parametrize("version", [16, 22])
def test_an_agent_in_a_call_is_listed_whole(version):
    require(version)
    with Asterisk(version) as pbx:
        etc = pbx.directories.etc
        (etc / "agents.conf").write_text("[general]\n[1001]\nfullname=Ann\n")
        dialplan = etc / "extensions.conf"
        dialplan.write_text(
            dialplan.read_text() + "[hotdesk]\n"
            "exten => login,1,AgentLogin(1001,s)\n"
            "exten => ask,1,Answer()\n same => n(again),AgentRequest(1001)\n"
            " same => n,Wait(0.5)\n same => n,Goto(again)\n"
        )
        manager = etc / "manager.conf"
        manager.write_text(
            manager.read_text() + "[everything]\nsecret = secret\nread = all\nwrite = all\n"
        )
        pbx.restart()
        with opened(pbx, username="everything") as session:
            pbx.cli("channel originate Local/login@hotdesk/n application Milliwatt")

            def agent():
                (one,) = session.request({"Action": "Agents"})
                return one

            eventually(lambda: agent()["Status"] == "AGENT_IDLE")
            pbx.cli("channel originate Local/ask@hotdesk/n application Milliwatt")
            eventually(lambda: agent()["Status"] == "AGENT_ONCALL")
            listed = agent()
            assert re.fullmatch(r"\d+", listed["CallStarted"])
            assert re.fullmatch(r"\d+", listed["LoggedInTime"])


def test_fax_statistics_of_a_real_asterisk(pbx):
    with opened(pbx, username=pbx.panel) as session:
        (found,) = session.request({"Action": "FAXStats"})
        assert found["CurrentSessions"] == "0"
