"""Many at once."""

from __future__ import annotations

from tests.scenarios.play import scenario
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call


@scenario
def two_hundred_at_once(stage: Stage) -> list[Call]:
    """A hundred of them are answered, and end one after the other."""
    answerer = stage.phones["200"]
    answerer.answers_at_once = True
    try:
        answered = [stage.calls("2222", "200") for _ in range(100)]
        ringing = [stage.calls("300", "240") for _ in range(100)]
        for call in answered:
            call.wait("up", seconds=30)
        for call in ringing:
            call.wait("ringing", seconds=30)
        stage.pause(1)
        for call in [*answered, *ringing]:
            call.hang_up()
            call.since["over"] = stage.now()
    finally:
        answerer.answers_at_once = False
    return [
        *(
            Call(
                caller="2222",
                dialled="200",
                answered_by="200",
                disposition="ANSWERED",
                hangup_by="caller",
                legs=2,
                ring=call.since["up"] - call.since["calling"],
                talk=call.since["over"] - call.since["up"],
                direct=True,
                tolerance=5.0,
            )
            for call in answered
        ),
        *(
            Call(
                caller="300",
                dialled="240",
                disposition="CANCELLED",
                hangup_by="caller",
                cause=stage.by_version(0, 127),
                legs=2,
                ring=call.since["over"] - call.since["ringing"],
                tolerance=5.0,
            )
            for call in ringing
        ),
    ]
