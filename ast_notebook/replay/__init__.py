"""Replays a recorded day through the live state, items and logics; no action reaches a PBX."""

from ast_notebook.replay.asterisk import ReplayedAsterisk
from ast_notebook.replay.home import ReplayedHome, prepared, replay
from ast_notebook.replay.orders import compare

__all__ = ["ReplayedAsterisk", "ReplayedHome", "compare", "prepared", "replay"]
