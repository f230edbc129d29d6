"""The headers of a user event of a real Asterisk are in its record."""

import pytest

from ast_notebook.recording.reading import read
from tests.support.waiting import eventually


@pytest.mark.parametrize("way", ["record", "archive"])
def test_a_real_asterisks_user_event(pbx, way, tmp_path):
    from ast_notebook import connect

    before = "channel originate Local/s@own/n application Wait 1"
    pbx.cli(
        "dialplan add extension s,1,UserEvent,"
        '"Own,Channel: mine,Uniqueid: ${UNIQUEID},Linkedid: x" into own'
    )
    with connect(pbx.host, pbx.port, username=pbx.panel, password=pbx.password) as sh:
        if way == "archive":
            archive = sh.ast.record.to(tmp_path)
        pbx.cli(before)

        def own():
            events = sh.ast.events
            return events[events["userevent"] == "Own"] if "userevent" in events else []

        eventually(lambda: len(own()))
        if way == "archive":
            assert archive.flush()
            events = read(tmp_path)
            found = events[events["userevent"] == "Own"].iloc[0]
        else:
            found = own().iloc[0]
    assert found["channel"].startswith("Local/s@own-")
    assert found["header_channel"] == "mine"
    assert found["uniqueid"] == found["header_uniqueid"]
    assert found["header_linkedid"] == "x"
    pbx.cli("dialplan remove extension s@own")
