"""Shows the present state to people: who is on the phone, and what queues and agents do."""

from __future__ import annotations

import pandas as pd

from ast_notebook.asterisk.switchboard import Switchboard
from ast_notebook.views import ShownFrame, shown_agents, shown_queues, shown_talks


class Present(Switchboard):
    """The methods of `Asterisk` that show the present state to people."""

    def who(self) -> ShownFrame:
        """Ask Asterisk who is on the phone, and return a row for each telephone or outside line.

        Returns
        -------
        pandas.DataFrame
            The columns of `channels`, and ``what`` (str), which tells what the telephone does:
            ``talking``, ``ringing``, ``waits in queue support``, and so on. The halves of Local
            channels have no rows.
        """
        up = self.channels()
        up = up[up["device"].notna()].reset_index(drop=True)
        waiting = self.live.tables["callers"].rows()
        what = []
        for row in up.to_dict("records"):
            caller = waiting.get(str(row["uniqueid"]))
            if row["held"] is True:
                what.append("on hold")
            elif row["state"] == "Ringing":
                what.append("ringing")
            elif row["state"] != "Up":
                what.append("calling")
            elif not pd.isna(row["bridge"]):
                what.append("talking")
            elif caller is not None:
                what.append(f"waits in queue {caller['queue']}")
            else:
                what.append(
                    "connected" if pd.isna(row["application"]) else f"in {row['application']}"
                )
        return shown_talks(up.assign(what=pd.array(what, dtype="str")))

    def queues(self) -> ShownFrame:
        """Return the queues as they are now.

        Returns
        -------
        pandas.DataFrame
            The columns of `live.queues`, in which Asterisk counts since its start, and:

            - Int64: ``waiting agents free paused``, the numbers of waiting callers, of agents, of
              agents who can take a call now, and of paused agents
            - datetime64[us, UTC]: ``waiting_since``, when the first of the callers began to wait
        """
        tables = self.live.tables
        queues = tables["queues"].frame()
        callers, members = tables["callers"].frame(), tables["members"].frame()
        paused = members["paused"].fillna(False).astype(bool)
        talks = members["in_call"].fillna(False).astype(bool)
        is_free = (members["state"] == "NOT_INUSE") & ~paused & ~talks
        for name, counted in (
            ("waiting", callers["queue"]),
            ("agents", members["queue"]),
            ("free", members["queue"][is_free]),
            ("paused", members["queue"][paused]),
        ):
            counts = queues["queue"].map(counted.value_counts()).fillna(0)
            queues[name] = counts.astype("Int64")
        first = callers.groupby("queue")["since"].min()
        queues["waiting_since"] = first.reindex(queues["queue"]).array
        return shown_queues(queues, empty=self._why("queues", "There are no queues"))

    def agents(self) -> ShownFrame:
        """Return the agents of queues as they are now, with a row for each queue of an agent.

        Returns
        -------
        pandas.DataFrame
            The columns of `live.members`, in the order of the agents.
        """
        members = self.live.tables["members"].frame()
        found = members.sort_values(["agent", "queue"], kind="stable").reset_index(drop=True)
        return shown_agents(found, empty=self._why("members", "No queue has an agent"))

    def _why(self, table: str, none: str) -> str:
        """Return the text for a table without rows: why it has none."""
        return f"Not known: {why}" if (why := self.live.tables[table].missing) else f"{none}."
