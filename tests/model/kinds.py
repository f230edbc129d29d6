"""Every kind of plan that is drawn at random."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.model import originated, plans, queues, rooms
from tests.model.perform import Planned

#: A kind a line.
planned: st.SearchStrategy[Planned] = st.one_of(
    plans.plans,
    queues.queued,
    rooms.meetings,
    originated.clicks,
)
