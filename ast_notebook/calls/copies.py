"""Takes each event once, if it occurs twice, for example because two frames overlap.

Copies are alike in Asterisk's time and in all headers that calls are made of, as in an archive that
two recorders write (`ast_notebook.recording.duplicates`).
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from ast_notebook.calls.engines import Work


def without_copies(
    events: nw.LazyFrame[Any], compared: nw.LazyFrame[Any], order: str, work: Work
) -> nw.LazyFrame[Any]:
    """Return events in memory without the copies among some of them.

    Parameters
    ----------
    events : nw.LazyFrame
        All events.
    compared : nw.LazyFrame
        The events among which copies are looked for, with the columns in which copies are alike.
    order : str
        The column that numbers the events.
    work : Work
        It counts the copies.
    """
    rows = compared.collect()
    _, moments, often = np.unique(rows["time"].to_numpy(), return_inverse=True, return_counts=True)
    if len(often) == len(rows):
        return events
    near = rows.filter((often[moments] > 1).tolist()).to_pandas()
    names = [name for name in near if name != order]
    # Events that are read at once may have the same time. So they are copies only if all events
    # of their moment are there again.
    alike = near.duplicated(names, keep=False)
    again = near.duplicated(names) & alike.groupby(near["time"]).transform("all")
    if not again.any():
        return events
    work.copies += int(again.sum())
    return events.filter(~nw.col(order).is_in(near[order][again].tolist()))
