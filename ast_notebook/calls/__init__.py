"""Calls, made of what Asterisk's manager told: a row a call, a row a channel, one call drawn."""

from ast_notebook.calls.agents import agent_pauses, agent_sessions
from ast_notebook.calls.calls import calls, legs
from ast_notebook.calls.flow import Flow, flow
from ast_notebook.calls.from_events import from_events

__all__ = ["Flow", "agent_pauses", "agent_sessions", "calls", "flow", "from_events", "legs"]
