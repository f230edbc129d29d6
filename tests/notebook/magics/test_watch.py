"""`%ast watch`: in a notebook, a PBX that another process records."""

import pytest

from ast_notebook import PermissionMissing
from tests.support.recorder import RecorderProcess
from tests.support.waiting import eventually


def test_what_a_service_records_is_watched(shell, where, small_pbx, tmp_path):
    with RecorderProcess(
        where, "--to", tmp_path, "--every", 0.2, password=small_pbx.password
    ) as recorder:
        eventually(lambda: recorder.last.get("written"), 90)
        pbx = shell.run(f"%ast watch {tmp_path}")
        assert pbx is shell.user_ns["sh"].watch
        eventually(lambda: not pbx.live.stale, 60)
        shell.run(f"%ast connect {where};")
        shell.run("%ast call PJSIP/200 240 door;")
        eventually(lambda: (pbx.live.channels["device"] == "PJSIP/200").any(), 60)
        assert (shell.run("%ast --pbx watch channels")["device"] == "PJSIP/200").any()
        with pytest.raises(PermissionMissing, match="Originate was not sent: this PBX is only"):
            shell.run("%ast --pbx watch call PJSIP/200 240 door")
        shell.run("%ast hangup 200;")
        eventually(lambda: pbx.live.channels.empty, 60)
        assert len(shell.run("%ast --pbx watch calls")) == 1
        assert "live" in repr(pbx)
        assert recorder.stop() == 0
        eventually(lambda: "nobody records into" in repr(shell.run("%ast status")), 60)
