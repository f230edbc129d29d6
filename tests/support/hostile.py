"""A call whose caller chose a name that is meant to do harm."""

from __future__ import annotations

import pandas as pd

HOSTILE = "Nora\x1b]0;title\x07\x1b[2J \x9b5m \u202egpj.exe\u202c <b>&\"' $x^2$"
LINKED = "1715072400.1"


def events() -> pd.DataFrame:
    who = {"channel": "PJSIP/200-00000001", "uniqueid": LINKED, "linkedid": LINKED}
    rows = [
        {"event": "Newchannel", "calleridnum": HOSTILE, "calleridname": HOSTILE, **who},
        {"event": "QueueCallerJoin", "queue": HOSTILE, **who},
        {"event": "Hangup", "cause": "16", "cause-txt": HOSTILE, **who},
    ]
    times = pd.date_range("2026-03-01 12:00", periods=3, freq="s", tz="UTC").as_unit("us")
    return pd.DataFrame(rows).assign(time=times, received=times, server="ast")
