"""Frames whose display shows first what people look for first."""

from ast_notebook.views.frame import ShownFrame, View
from ast_notebook.views.logs import shown_calls, shown_queue_calls, shown_unreturned
from ast_notebook.views.states import (
    shown_agents,
    shown_channels,
    shown_events,
    shown_items,
    shown_logics,
    shown_queues,
    shown_talks,
)

__all__ = [
    "ShownFrame",
    "View",
    "shown_agents",
    "shown_calls",
    "shown_channels",
    "shown_events",
    "shown_items",
    "shown_logics",
    "shown_queue_calls",
    "shown_queues",
    "shown_talks",
    "shown_unreturned",
]
