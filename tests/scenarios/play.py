"""The list of scenarios, and how they are played and recorded."""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from tests.scenarios.softphone import SoftphoneError
from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Played, load, save
from tests.support import asterisk_lists
from tests.support.paths import RECORDINGS

Scenario = Callable[[Stage], list[Call]]

SCENARIOS: dict[str, Scenario] = {}
#: Modules whose scenarios have a recording of their own, beside that of all others.
APART = ("goes_on", "in_vain")
#: What Asterisk writes of calls by itself, and what we call it.
FILES = {
    "cdr-csv/Master.csv": "cdr.csv.gz",
    "cdr-custom/Master.csv": "cdr-linkedid.csv.gz",
    "cel-custom/Master.csv": "cel.csv.gz",
    "queue_log": "queue_log.gz",
}


def scenario(play: Scenario) -> Scenario:
    """Put a function on the list, by its own name."""
    SCENARIOS[play.__name__] = play
    return play


def play(stage: Stage, names: Iterable[str]) -> Iterator[Played]:
    """Play scenarios one after the other."""
    for name in names:
        begun = time.time()
        try:
            calls = [stage.named(call) for call in SCENARIOS[name](stage)]
            stage.settle()
        except SoftphoneError as error:
            stage.clear()
            yield Played(name, stage.version, begun, time.time(), failed=str(error))
            continue
        ended = time.time()
        live = asterisk_lists.differences(stage.sh, stage.pbx)
        yield Played(name, stage.version, begun, ended, calls, live=live)


@dataclass(frozen=True)
class Recording:
    """What one Asterisk said of scenarios, by the manager and in its files."""

    folder: Path
    played: list[Played]

    @property
    def events(self) -> pd.DataFrame:
        """What a manager's login with all rights heard."""
        return pd.read_parquet(self.folder / "events.parquet")

    def file(self, name: str) -> Path:
        """One of `FILES`."""
        return self.folder / name


def part_of(name: str) -> str:
    """Return in which part of the recordings a scenario is; most are in that without a name."""
    module = SCENARIOS[name].__module__.rpartition(".")[2]
    return module if module in APART else ""


def recording(version: int, part: str = "") -> Recording:
    """Return one of those in the recordings."""
    folder = RECORDINGS / _name(version, part)
    return Recording(folder, load(folder / "truth.jsonl"))


def record(version: int, folder: Path, names: Iterable[str] = SCENARIOS) -> Recording:
    """Play scenarios, and keep what Asterisk said of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with Stage(version) as stage:
        played = list(play(stage, names))
        events = stage.sh.ast.events
        for source, target in FILES.items():
            path = stage.pbx.directories.log / source
            path.touch()
            with path.open("rb") as plain, gzip.open(folder / target, "wb") as packed:
                shutil.copyfileobj(plain, packed)
    events.to_parquet(folder / "events.parquet", compression="zstd", index=False)
    played = [_identified(events, one) for one in played]
    save(played, folder / "truth.jsonl")
    return Recording(folder, played)


def _identified(events: pd.DataFrame, one: Played) -> Played:
    """Note the channels of a scenario, and the one that each of its calls began with."""
    made = events[events["event"] == "Newchannel"]
    seconds = made["time"].astype("int64") / 1e6
    made = made[(seconds >= one.begun) & (seconds <= one.ended)]
    first = made[made["uniqueid"] == made["linkedid"]]
    devices = [name.rpartition("-")[0] for name in first["channel"]]
    free = list(zip(first["uniqueid"], devices, strict=True))
    calls = []
    for call in one.calls:
        # Who is rung by a Local channel is in a call that began with that.
        own = [each for each in free if each[1] == call.caller_device] or free[:1]
        free.remove(own[0])
        calls.append(replace(call, call=own[0][0]))
    return replace(one, calls=calls, channels=list(made["uniqueid"]))


def record_all(
    folder: Path, versions: Iterable[int], names: Iterable[str], stages: int = 2, part: str = ""
) -> dict[int, list[Recording]]:
    """Play scenarios on several Asterisks at once, so many of each version.

    `part` is what their recording is called, if it is a part of the recordings.
    """
    wanted = list(names)
    with ThreadPoolExecutor() as pool:
        begun = {
            version: [
                pool.submit(
                    record, version, folder / _name(version, part, number), wanted[number::stages]
                )
                for number in range(stages)
            ]
            for version in versions
        }
        return {version: [one.result() for one in many] for version, many in begun.items()}


def _name(version: int, part: str = "", number: int = 0) -> str:
    return f"asterisk{version}" + (f"-{part}" if part else "") + (f"-{number}" if number else "")
