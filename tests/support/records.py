"""Records in memory, with made-up events."""

from ast_notebook.recording import Record
from tests.bench.sender import events as flood

NOW = 1_763_877_600_000_000  # 2025-11-23 06:00:00 UTC


def text(name, *lines, **headers):
    return "\r\n".join(
        [f"Event: {name}", *lines, *(f"{key}: {value}" for key, value in headers.items())]
    )


def record(*texts, **more):
    kept = Record(**more)
    for number, one in enumerate(texts):
        kept.add([one], NOW + number)
    return kept


def filled(count, **more):
    texts = flood(count).decode().split("\r\n\r\n")[:count]
    kept = Record(**more)
    for start in range(0, count, 100):
        kept.add(texts[start : start + 100], NOW + start)
    return kept
