"""Who is on the phone now, and what queues and agents do."""

from __future__ import annotations

import pandas as pd

from ast_notebook.asterisk.switchboard import Switchboard
from ast_notebook.views import ShownFrame, shown_agents, shown_queues, shown_talks


class Present(Switchboard):
    """The methods of `Asterisk` that show the present state to people."""

    def who(self) -> ShownFrame:
        """Ask Asterisk who is on the phone; a row for each telephone or outside line.

        Returns
        -------
        pandas.DataFrame
            The columns of `channels` without the halves of Local channels, and ``what`` (str): what
            the telephone does, such as ``talking``, ``ringing`` or ``waits in queue support``.
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
        found = up.assign(what=pd.array(what, dtype="str"))
        return shown_talks(found, clock=self.session.clock)

    def queues(self) -> ShownFrame:
        """Return the queues as they are now.

        Returns
        -------
        pandas.DataFrame
            The columns of `live.queues`, whose counts Asterisk keeps since it started, and:

            - Int64: ``waiting agents free paused``, the callers in line, the agents, and those of
              them who can take a call now and who are paused
            - datetime64[us, UTC]: ``waiting_since``, since when the first of the callers waits
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
        empty = self._why("queues", "There are no queues")
        return shown_queues(queues, empty=empty, clock=self.session.clock)

    def agents(self) -> ShownFrame:
        """Return the members of queues as they are now, a row for each queue of an agent.

        Returns
        -------
        pandas.DataFrame
            The columns of `live.members`, in the order of the agents.
        """
        members = self.live.tables["members"].frame()
        found = members.sort_values(["agent", "queue"], kind="stable").reset_index(drop=True)
        return shown_agents(found, empty=self._why("members", "No queue has an agent"))

    def _why(self, table: str, none: str) -> str:
        """Say why a table has no rows."""
        return f"Not known: {why}" if (why := self.live.tables[table].missing) else f"{none}."
