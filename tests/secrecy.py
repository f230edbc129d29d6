"""Looking for a secret wherever an error could carry it."""

import traceback


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
        found += [repr(frame.f_locals) for frame in frames[first:]]
        error = error.__cause__ or error.__context__
    return any(secret in one for one in found)
