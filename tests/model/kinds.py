"""Every kind of plan that is drawn at random."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.model import asked, onward, parked, pickup, plans
from tests.model.perform import Planned

#: A kind a line.
planned: st.SearchStrategy[Planned] = st.one_of(
    plans.plans,
    onward.handed,
    asked.asked,
    pickup.picked_up,
    parked.parked,
    parked.parked_himself,
)
