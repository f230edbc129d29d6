"""Makes up calls back for the made-up week: to nearly all callers who gave up in a queue."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pandas as pd

from ast_notebook.demo.week import EventWriter

#: The share of calls back that reach nobody at the first try.
_IN_VAIN = 0.2


def with_calls_back(
    events: pd.DataFrame, *, left: int = 11, outside: str = "0", seed: int = 1
) -> pd.DataFrame:
    """Return a made-up week's events together with those of calls back to callers who gave up.

    Parameters
    ----------
    events : pandas.DataFrame
        From `ast_notebook.demo.week.week`.
    left : int
        How many of the callers are not reached by anybody.
    outside : str
        The digits that the agents dial for an outside line.
    seed : int
        The seed of the random numbers: the same seed gives the same calls.

    Returns
    -------
    pandas.DataFrame
        A frame like `events`, in order of time.
    """
    chance = random.Random(seed)  # noqa: S311, nobody's secret
    calls = events[(events["event"] == "Newchannel") & (events["context"] == "incoming")]
    last = calls[calls["channel"].str.startswith("PJSIP/provider")].groupby("calleridnum").last()
    gave_up = events.loc[events["event"] == "QueueCallerAbandon", ["uniqueid", "time"]]
    waiting = last[last["uniqueid"].isin(gave_up["uniqueid"])].join(
        gave_up.set_index("uniqueid")["time"].rename("left"), on="uniqueid"
    )
    forgotten = set(chance.sample(sorted(waiting.index), min(left, len(waiting))))
    rows: list[dict[str, Any]] = []
    for place, (number, moment) in enumerate(waiting["left"].items()):
        begin = moment.timestamp() + chance.uniform(300, 4 * 3600)
        agent, part = str(200 + chance.randrange(5)), 40_000 + 2 * place
        dialled = f"{outside}{number}"
        if number in forgotten:
            if chance.random() < _IN_VAIN:
                rows += _call(begin, agent, dialled, part, 0.0)
            continue
        if chance.random() < _IN_VAIN:
            rows += _call(begin, agent, dialled, part, 0.0)
            begin, part = begin + 1800, part + 1
        rows += _call(begin, agent, dialled, part, chance.lognormvariate(0, 0.6) * 120)
    made = pd.DataFrame(rows, columns=list(events.columns))
    made["time"] = pd.to_datetime(made["time"].astype(float) * 1e6 // 1, unit="us", utc=True)
    made["received"], made["server"] = made["time"], events["server"].iloc[0]
    whole = pd.concat([events, made.astype(events.dtypes.to_dict())])
    return whole.sort_values("time", kind="stable", ignore_index=True)


def _call(
    start: float, agent: str, dialled: str, part: int, talk: float
) -> Iterator[dict[str, Any]]:
    """Yield the events of an agent's call by the trunk; without talk, it rang in vain."""
    first, second = f"{int(start)}.{part}", f"{int(start)}.{part + 200_000}"
    telephone = EventWriter(f"PJSIP/{agent}-{part:08x}", first, first, agent, dialled)
    telephone.headers["context"] = "phones"
    trunk = EventWriter(f"PJSIP/provider-{part + 200_000:08x}", second, first, dialled, "s")
    dest = {"destuniqueid": second, "destlinkedid": first}
    answer = start + 12
    yield telephone.says(start, "Newchannel", channelstatedesc="Ring")
    yield trunk.says(start + 0.02, "Newchannel", channelstatedesc="Down")
    yield telephone.says(start + 0.03, "DialBegin", **dest)
    yield trunk.says(start + 1, "Newstate", channelstatedesc="Ringing")
    if not talk:
        over = answer + 20
        yield telephone.says(over, "DialEnd", dialstatus="NOANSWER", **dest)
        yield trunk.says(over, "Hangup", cause=19)
        yield telephone.says(over + 0.01, "Hangup", cause=19)
        return
    yield trunk.says(answer, "Newstate", channelstatedesc="Up")
    yield telephone.says(answer, "DialEnd", dialstatus="ANSWER", **dest)
    yield telephone.says(answer + 0.01, "Newstate", channelstatedesc="Up")
    for one in (telephone, trunk):
        yield one.says(answer + 0.02, "BridgeEnter", bridgeuniqueid=f"bridge-{second}")
    for one in (telephone, trunk):
        yield one.says(answer + talk, "BridgeLeave", bridgeuniqueid=f"bridge-{second}")
    for one in (trunk, telephone):
        yield one.says(answer + talk + 0.01, "Hangup", cause=16)
