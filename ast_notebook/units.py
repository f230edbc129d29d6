"""Units of time: moments and durations of events are whole microseconds."""

SECOND = 1_000_000
