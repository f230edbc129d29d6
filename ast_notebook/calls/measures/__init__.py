"""Measures of calls and queues, each by its standard definition, for frames of any engine."""

from ast_notebook.calls.measures.agents import agents, pauses_by_reason
from ast_notebook.calls.measures.causes import causes
from ast_notebook.calls.measures.compare import compare
from ast_notebook.calls.measures.load import (
    BusyHour,
    Load,
    Peak,
    busy_hour,
    concurrency,
    erlangs,
    peak,
)
from ast_notebook.calls.measures.missed import missed
from ast_notebook.calls.measures.quality import quality
from ast_notebook.calls.measures.repeats import repeats
from ast_notebook.calls.measures.service import percentiles, service, waits
from ast_notebook.calls.measures.staffing import (
    agents_for,
    erlang_b,
    erlang_c,
    service_level,
    staffing,
    trunks_for,
)
from ast_notebook.calls.measures.summary import heat_map, summary, top
from ast_notebook.calls.measures.unreturned import unreturned, without_number

__all__ = [
    "BusyHour",
    "Load",
    "Peak",
    "agents",
    "agents_for",
    "busy_hour",
    "causes",
    "compare",
    "concurrency",
    "erlang_b",
    "erlang_c",
    "erlangs",
    "heat_map",
    "missed",
    "pauses_by_reason",
    "peak",
    "percentiles",
    "quality",
    "repeats",
    "service",
    "service_level",
    "staffing",
    "summary",
    "top",
    "trunks_for",
    "unreturned",
    "waits",
    "without_number",
]
