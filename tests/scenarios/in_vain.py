"""Local channels that nobody answers."""

from __future__ import annotations

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call


@scenario
def a_local_channel_that_nobody_takes_in_time(stage: Stage) -> list[Call]:
    call = stage.calls("2222", "967")
    stage.rings("200")
    call.wait("over")
    return [
        Call(
            caller="2222",
            dialled="967",
            disposition="NO ANSWER",
            answered_device=None,
            hangup_by="pbx",
            legs=2,
            ring=2.0,
            tolerance=0.6,
        )
    ]
