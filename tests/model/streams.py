"""What a switchboard writes: events of the manager, a CEL, CDRs and a queue_log."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from tests.model.exchange import Channel

#: The classes of events that are not of the class `call`.
_CLASSES = {
    "Newexten": "dialplan,all",
    "VarSet": "dialplan,all",
    "NewCallerid": "call,all",
    "Cdr": "cdr,all",
}


class Streams:
    """Four streams, each in order of arrival."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.cel: list[list[str]] = []
        self.cdr: list[dict[str, Any]] = []
        self.log: list[str] = []

    def event(self, time: float, kind: str, channel: Channel | None, **more: Any) -> None:
        """Tell the manager."""
        queued = kind.startswith(("Queue", "Agent"))
        row: dict[str, Any] = {
            "time": time,
            "event": kind,
            "privilege": "agent,all" if queued else _CLASSES.get(kind, "call,all"),
        }
        if channel is not None:
            row |= channel.headers()
        self.events.append(row | {name: value for name, value in more.items() if value != ""})

    def line(self, time: float, kind: str, channel: Channel, peer: str = "", **extra: Any) -> None:
        """Write a line of the CEL."""
        self.cel.append(
            [
                kind,
                datetime.fromtimestamp(int(time), UTC).strftime("%FT%T%z"),
                channel.caller_name,
                channel.number,
                channel.ani,
                "",
                channel.dnid,
                channel.exten,
                channel.context,
                channel.name,
                channel.application,
                channel.data,
                "3",
                "",
                channel.uniqueid,
                channel.linkedid,
                peer,
                "",
                "",
                json.dumps(extra, separators=(",", ":")) if extra else "",
            ]
        )

    def logged(
        self, time: float, call: str, queue: str, agent: str, event: str, *data: Any
    ) -> None:
        """Write a line of the queue_log."""
        fields = [int(time), call, queue, agent, event, *data]
        self.log.append("|".join(map(str, fields)))

    def save(self, folder: Path) -> None:
        """Write the files that a recording has."""
        # Asterisk writes this when it begins the log.
        begun = min((int(event["time"]) for event in self.events), default=0)
        log = [f"{begun}|NONE|NONE|NONE|QUEUESTART|", *self.log]
        frame = pd.DataFrame(self.events)
        frame["time"] = pd.to_datetime(
            (frame["time"] * 1e6).round().astype("int64"), unit="us", utc=True
        )
        frame["received"] = frame["time"]
        frame["server"] = "ast"
        if "cause" in frame:
            frame["cause"] = frame["cause"].astype("Int64")
        frame.to_parquet(folder / "events.parquet", index=False)
        _write(folder / "cel.csv.gz", self.cel)
        _write(folder / "cdr.csv.gz", (_plain(line) for line in self.cdr))
        _write(folder / "cdr-linkedid.csv.gz", (_custom(line) for line in self.cdr))
        with gzip.open(folder / "queue_log.gz", "wt") as file:
            file.write("".join(f"{line}\n" for line in log))


def _write(path: Path, rows: Iterable[list[Any]]) -> None:
    with gzip.open(path, "wt", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)


_COMMON = ("channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end", "duration")


def _plain(line: dict[str, Any]) -> list[Any]:
    """Return the fields of cdr_csv."""
    names = ("src", "dst", "dcontext", "clid", *_COMMON, "billsec", "disposition")
    return ["", *(line[name] for name in names), "DOCUMENTATION", line["uniqueid"], ""]


def _custom(line: dict[str, Any]) -> list[Any]:
    """Return the fields of the lab's cdr_custom.conf."""
    names = ("clid", "src", "dst", "dcontext", *_COMMON, "billsec", "disposition")
    rest = [line["uniqueid"], "", line["sequence"], line["linkedid"]]
    return [*(line[name] for name in names), "3", "", *rest]
