"""Shortens errors before they are shown, since errors of a user's code may be of any length."""

from __future__ import annotations

from types import TracebackType

from ast_notebook.errors import AstError

LONGEST = 2000  # letters of a message
LONGEST_LINE = 200
CHAIN = 10  # errors of a chain, in which each is the cause or the context of another one
FRAMES = 60  # frames of a traceback; a longer one keeps its first and its last frames
GROUPED = 10  # errors of an exception group


def shortened(error: BaseException) -> BaseException:
    """Return a shortened copy of an error, or the error itself if it is short."""
    chain = _chain(error)
    if not any(map(_is_long, chain)) and _next(chain[-1]) is None:
        return error
    shown: BaseException | None = None
    for one in reversed(chain):
        copy = _cut(one)
        if one.__cause__ is not None:
            copy.__cause__ = shown
        else:
            copy.__context__ = shown
        shown = copy
    assert shown is not None
    return shown


def frames(place: TracebackType | None) -> TracebackType | None:
    """Return a traceback, without the frames in its middle if it is very long."""
    found = []
    inner = place
    while inner is not None:
        found.append(inner)
        inner = inner.tb_next
    if len(found) <= FRAMES:
        return place
    shown: TracebackType | None = None
    for one in reversed(found[: FRAMES // 2] + found[-FRAMES // 2 :]):
        shown = TracebackType(shown, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return shown


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while len(chain) < CHAIN:
        following = _next(chain[-1])
        if following is None or any(following is one for one in chain):
            break
        chain.append(following)
    return chain


def _next(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__


def _message(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return error.message
    try:
        return str(error)
    except BaseException:  # an error of the user's own class may fail at this, or exit
        return ""


def _is_long(error: BaseException) -> bool:
    texts = [_message(error), *map(str, getattr(error, "__notes__", ()))]
    if isinstance(error, SyntaxError):
        texts.append(error.text or "")
    if any(len(text) > LONGEST for text in texts) or _is_deep(error.__traceback__):
        return True
    if isinstance(error, BaseExceptionGroup):
        return len(error.exceptions) > GROUPED or any(map(_is_long, error.exceptions))
    return False


def _is_deep(place: TracebackType | None) -> bool:
    return frames(place) is not place


def _cut(error: BaseException) -> BaseException:
    message = _shorter(_message(error))
    copy: BaseException
    if isinstance(error, BaseExceptionGroup):
        copy = BaseExceptionGroup(message, [shortened(one) for one in error.exceptions[:GROUPED]])
    else:
        kind = type(error)
        base = AstError if isinstance(error, AstError) else Exception
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        copy = type(kind.__name__, (base,), names)(message)
    for note in getattr(error, "__notes__", ())[:GROUPED]:
        copy.add_note(_shorter(str(note)))
    copy.__suppress_context__ = error.__suppress_context__
    return copy.with_traceback(frames(error.__traceback__))


def _shorter(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text):,} letters)"


def one_line(error: BaseException) -> str:
    """Return an error's type and message, in one line of at most 200 characters."""
    try:
        message = " ".join(str(error).split())
    except BaseException:  # an error of the user's own class may fail here, too, or exit
        message = ""
    line = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
