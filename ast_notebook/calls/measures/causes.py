"""Why calls ended: the causes of ITU-T Q.850, by name."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd

from ast_notebook.calls.measures.grouping import aggregate_by_group, ratio, read, whole

#: ITU-T Q.850, table 1, in short; 0 is Asterisk's own for none.
NAMES = {
    0: "None",
    1: "Unallocated number",
    2: "No route to transit network",
    3: "No route to destination",
    6: "Channel unacceptable",
    7: "Call awarded",
    16: "Normal clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer",
    20: "Subscriber absent",
    21: "Call rejected",
    22: "Number changed",
    23: "Redirected to new destination",
    26: "Answered elsewhere",
    27: "Destination out of order",
    28: "Invalid number format",
    29: "Facility rejected",
    30: "Response to status enquiry",
    31: "Normal, unspecified",
    34: "No circuit available",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    43: "Access information discarded",
    44: "Requested circuit not available",
    50: "Facility not subscribed",
    52: "Outgoing calls barred",
    54: "Incoming calls barred",
    57: "Bearer capability not authorized",
    58: "Bearer capability not available",
    65: "Bearer capability not implemented",
    66: "Channel type not implemented",
    69: "Facility not implemented",
    81: "Invalid call reference",
    88: "Incompatible destination",
    95: "Invalid message",
    96: "Mandatory element missing",
    97: "Message type nonexistent",
    98: "Wrong message",
    99: "Element nonexistent",
    100: "Invalid element contents",
    101: "Message in wrong call state",
    102: "Recovery on timer expiry",
    103: "Mandatory element length",
    111: "Protocol error",
    127: "Interworking",
}


def causes(calls: Any) -> pd.DataFrame:
    """Count the causes that calls ended with, the most frequent first.

    Parameters
    ----------
    calls : frame
        A calls frame of any engine; calls without a cause are left out.

    Returns
    -------
    pandas.DataFrame
        ``cause`` (ITU-T Q.850), its ``name``, ``calls`` and their ``share`` (0 to 1).
    """
    rows = read(calls, {"cause": nw.Int64}, ())
    rows = rows.filter(~nw.col("cause").is_null())
    found = aggregate_by_group(rows, ("cause",), "UTC", {}, count="calls")
    found = whole(found, ("cause", "calls"))
    found.insert(1, "name", [NAMES.get(cause, f"Cause {cause}") for cause in found["cause"]])
    found["name"] = found["name"].astype("str")
    found["share"] = ratio(found["calls"], pd.Series(found["calls"].sum(), index=found.index))
    return found.sort_values(["calls", "cause"], ascending=[False, True]).reset_index(drop=True)
