"""Every kind of plan that is drawn at random."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.model import asked, onward, originated, parked, pickup, plans, queues, rooms
from tests.model.perform import Planned

#: A kind a line.
planned: st.SearchStrategy[Planned] = st.one_of(
    plans.plans,
    queues.queued,
    rooms.meetings,
    originated.clicks,
    onward.handed,
    asked.asked,
    pickup.picked_up,
    parked.parked,
    parked.parked_himself,
)
