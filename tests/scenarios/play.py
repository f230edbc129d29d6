"""The list of scenarios, and how they are played and recorded."""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd

from tests.scenarios.stage import Stage
from tests.scenarios.truth import Call, Played, save

Scenario = Callable[[Stage], list[Call]]

FIXTURES = Path(__file__).parents[1] / "fixtures"
SCENARIOS: dict[str, Scenario] = {}


def scenario(play: Scenario) -> Scenario:
    """Put a function on the list, by its own name."""
    SCENARIOS[play.__name__] = play
    return play


def play(stage: Stage, names: Iterable[str]) -> Iterator[Played]:
    """Play scenarios one after the other."""
    for name in names:
        begun = time.time()
        try:
            calls = SCENARIOS[name](stage)
            stage.settle()
        except Exception as error:
            error.add_note(f"while playing {name} on Asterisk {stage.version}")
            raise
        yield Played(name, stage.version, begun, time.time(), calls)


def record(version: int, username: str = "panel") -> Path:
    """Play all scenarios, and keep what Asterisk said of them as fixtures."""
    folder = FIXTURES / f"asterisk{version}"
    folder.mkdir(parents=True, exist_ok=True)
    with Stage(version, username) as stage:
        played = list(play(stage, SCENARIOS))
        events = stage.sh.ast.events
        log = stage.pbx.directories.log
        for source, target in {
            "cdr-csv/Master.csv": "cdr.csv.gz",
            "cel-custom/Master.csv": "cel.csv.gz",
            "queue_log": "queue_log.gz",
        }.items():
            with (log / source).open("rb") as plain, gzip.open(folder / target, "wb") as packed:
                shutil.copyfileobj(plain, packed)
    keep(events, folder / "events.parquet")
    save(played, folder / "truth.jsonl")
    return folder


def keep(events: pd.DataFrame, path: Path) -> None:
    """Write an events frame as small as it gets."""
    events.to_parquet(path, compression="zstd", index=False)
