"""Actions on Asterisk's own database."""

from __future__ import annotations

from collections.abc import Iterator

from ast_notebook.demo.actions.registry import (
    Headers,
    Listing,
    Reply,
    Request,
    SingleResponse,
    action,
    refuse,
)
from ast_notebook.demo.database import is_below

#: How many letters DBGet of Asterisk 16 returns of a longer value.
OLD_LONGEST_VALUE = 255


def _key(request: Request) -> str:
    return f"/{request.get('Family')}/{request.get('Key')}"


@action("DBPut", "system", "Put DB entry.")
def put(request: Request) -> Reply:
    """Write an entry."""
    if not request.get("Family"):
        return refuse("No family specified")
    if not request.get("Key"):
        return refuse("No key specified")
    request.pbx.database[_key(request)] = request.get("Val")
    return SingleResponse("Updated database successfully")


@action("DBGet", "system,reporting", "Get DB Entry.")
def get(request: Request) -> Reply:
    """Read an entry."""
    if not request.get("Family"):
        return refuse("No family specified.")
    if not request.get("Key"):
        return refuse("No key specified.")
    value = request.pbx.database.get(_key(request))
    if value is None:
        return refuse("Database entry not found")
    if not request.pbx.profile.is_newer:
        value = value[:OLD_LONGEST_VALUE]
    entry = {"Family": request.get("Family"), "Key": request.get("Key"), "Val": value}
    entries = [("DBGetResponse", entry)]
    return Listing("Result will follow", entries, "DBGetComplete", id_last=True)


@action("DBGetTree", "system,reporting", "Get DB entries, optionally at a particular family/key")
def get_tree(request: Request) -> Reply:
    """Read all entries, or those below one."""
    prefix = "/".join(filter(None, ("", request.get("Family"), request.get("Key"))))
    prefix = f"/{prefix}" if prefix else ""

    def entries() -> Iterator[tuple[str, Headers]]:
        for key, value in sorted(request.pbx.database.items()):
            if is_below(key, prefix):
                yield "DBGetTreeResponse", {"Key": key, "Val": value}

    # Asterisk 16 always counts one.
    count = {} if request.pbx.profile.is_newer else {"ListItems": "1"}
    return Listing(
        "Result will follow",
        entries(),
        "DBGetTreeComplete",
        id_last=True,
        more=lambda _: count,
    )


@action("DBDel", "system", "Delete DB entry.")
def delete(request: Request) -> Reply:
    """Delete an entry."""
    if not request.get("Family"):
        return refuse("No family specified.")
    if not request.get("Key"):
        return refuse("No key specified.")
    if request.pbx.database.pop(_key(request), None) is None:
        return refuse("Database entry could not be deleted")
    return SingleResponse("Key deleted successfully")


@action("DBDelTree", "system", "Delete DB Tree.")
def delete_tree(request: Request) -> Reply:
    """Delete a family, or what is below a key."""
    if not request.get("Family"):
        return refuse("No family specified.")
    prefix = f"/{request.get('Family')}" + (f"/{request.get('Key')}" if request.get("Key") else "")
    found = [key for key in request.pbx.database if is_below(key, prefix)]
    if not found:
        return refuse("Database entry not found")
    for key in found:
        del request.pbx.database[key]
    return SingleResponse("Key tree deleted successfully")
