"""Counts in sentences for people: 1 record repeats, and 2 records repeat."""


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its thousands parted, and the words that fit it.

    Examples
    --------
    >>> counted(1, "call", "calls"), counted(1200, "call", "calls")
    ('1 call', '1,200 calls')
    """
    return f"{number:,} {one if number == 1 else many}"
