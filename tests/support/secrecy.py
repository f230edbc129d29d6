"""Looking for a secret wherever an error or an object could carry it."""

import traceback
import types
from collections import deque


def shown(error, secret, since=None):
    """Tell whether the secret is in the error, or in what its traceback and its causes hold.

    Parameters
    ----------
    since : function, optional
        Look at no frame before this function's: a test itself knows the secret.
    """
    found = []
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        found += [str(error), repr(error), repr(vars(error)), repr(getattr(error, "object", ""))]
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        codes = [frame.f_code for frame in frames]
        first = codes.index(since.__code__) if since and since.__code__ in codes else 0
        if since is None or since.__code__ not in codes:
            frames = [frame for frame in frames if "/tests/" not in frame.f_code.co_filename]
        found += [_repr(one) for frame in frames[first:] for one in frame.f_locals.values()]
        error = error.__cause__ or error.__context__
    return any(secret in one for one in found)


def _repr(thing):
    """Show a thing as a traceback does: one that is half made may have no repr yet."""
    try:
        return repr(thing)
    except AttributeError:
        return repr(vars(thing))


def texts_in(thing, most=200_000):
    """Yield every text that can be reached from an object by its attributes and what it holds.

    Modules, classes and functions are passed over, and what an ``ast_notebook`` secret keeps.
    """
    waiting, seen = deque([thing]), set()
    passed_over = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType)
    while waiting and len(seen) < most:
        one = waiting.popleft()
        if id(one) in seen or isinstance(one, passed_over) or type(one).__name__ == "Secret":
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes | bytearray):
            yield one if isinstance(one, str) else bytes(one).decode("latin-1")
            continue
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset | deque):
            waiting += list(one)
        if isinstance(one, types.MethodType):
            waiting.append(one.__self__)
        if isinstance(getattr(one, "__dict__", None), dict):
            waiting.append(vars(one))
        for kind in type(one).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(one, name):
                    waiting.append(getattr(one, name))
