"""A recorded day again, through the same live state, items and logics; orders are held back."""

from ast_notebook.replay.asterisk import ReplayedAsterisk
from ast_notebook.replay.home import ReplayedHome, prepared, replay
from ast_notebook.replay.orders import compare
from ast_notebook.replay.watched import WatchedAsterisk, watch, watched

__all__ = [
    "ReplayedAsterisk",
    "ReplayedHome",
    "WatchedAsterisk",
    "compare",
    "prepared",
    "replay",
    "watch",
    "watched",
]
