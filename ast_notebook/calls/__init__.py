"""Makes calls from events: a frame of calls, a frame of legs, one call as a ladder."""

from ast_notebook.calls.agents import agent_pauses, agent_sessions
from ast_notebook.calls.calls import ENGINES, calls, legs, log_of
from ast_notebook.calls.finding import find_call
from ast_notebook.calls.flow import flow
from ast_notebook.calls.frames import begun
from ast_notebook.calls.from_events import from_events
from ast_notebook.calls.ladder import Flow
from ast_notebook.calls.numbered import numbered
from ast_notebook.calls.picking import pick
from ast_notebook.calls.quality.streams import streams
from ast_notebook.calls.queues import visits
from ast_notebook.calls.source import KINDS

__all__ = [
    "ENGINES",
    "KINDS",
    "Flow",
    "agent_pauses",
    "agent_sessions",
    "begun",
    "calls",
    "find_call",
    "flow",
    "from_events",
    "legs",
    "log_of",
    "numbered",
    "pick",
    "streams",
    "visits",
]
