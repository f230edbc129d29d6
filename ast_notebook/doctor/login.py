"""Checks of the login: its permissions, its protection, and how Asterisk treats it."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ast_notebook.ami import CLASSES
from ast_notebook.digits import is_count
from ast_notebook.doctor.finding import Finding, Level
from ast_notebook.doctor.pbx_info import PbxInfo

_MANAGER = "manager.conf"


class Feature(NamedTuple):
    """The permissions that a feature of ast_notebook needs."""

    what: str
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    level: Level = Level.MISSING


#: First the permissions without which hardly anything works, then optional ones.
FEATURES = (
    Feature("calls, items, logics and the database", ("system", "call", "user", "cdr"),
            ("system", "call", "originate"), Level.WRONG),
    Feature("queues and their agents", ("agent",), ("agent",)),
    Feature("the dialplan step by step (queues that refuse, mailboxes)", ("dialplan",)),
    Feature("conferences", (), ("reporting",)),
    Feature("the quality of calls", ("reporting",)),
    Feature("%ast cli (with it, a login may do nearly everything)", (), ("command",), Level.NOTE),
    Feature("sending user events", (), ("user",), Level.NOTE),
)  # fmt: skip
_FOLLOWED = {word for feature in FEATURES for word in feature.read}
_USED = {word for feature in FEATURES for word in feature.write}
#: Classes with which a stolen login gives a shell, or more, on the PBX.
_MIGHTY = {
    "config": "it may rewrite every configuration file, and with them the dialplan",
    "agi": "it may run AGI commands on any channel",
    "all": "it may do everything",
}
#: Events a second of one kind; more than this that are not used are reported.
_NOTICEABLE = 1.0
#: Milliseconds that Asterisk waits for a client by default, and that a busy notebook needs.
_DEFAULT_WAIT, _ENOUGH = 100, 5000


def checks(info: PbxInfo) -> Iterator[Finding]:
    """Yield the findings about the login."""
    yield from _rights(info)
    yield from _misspelt(info)
    yield from _too_wide(info)
    yield from _guard(info)
    yield from _treatment(info)
    yield from _unfollowed(info)


def _rights(info: PbxInfo) -> Iterator[Finding]:
    read, write = info.classes("read"), info.classes("write")
    if read is None or write is None:
        if info.may("GetConfig") is False:
            yield Finding(
                Level.NOTE,
                "this login may not read the configuration",
                "most of the other checks cannot be made: they need write = system",
                _MANAGER,
                info.username,
                ("write = system,call,originate",),
            )
        elif info.actions is not None:
            yield Finding(
                Level.NOTE,
                f"manager.conf has no section {info.username}",
                "this login is defined elsewhere (users.conf, realtime), so it cannot be examined",
            )
        yield from _may_not(info)
        return
    for feature in FEATURES:
        lacks = {
            "read": [one for one in feature.read if not {one, "all"} & read],
            "write": [one for one in feature.write if not {one, "all"} & write],
        }
        if not any(lacks.values()):
            continue
        classes = " and ".join(f"{kind} = {','.join(some)}" for kind, some in lacks.items() if some)
        lines = tuple(
            f"{kind} = {','.join(ordered({*has, *lacks[kind]}))}"
            for kind, has in (("read", read), ("write", write))
            if lacks[kind]
        )
        yield Finding(
            feature.level,
            f"this login lacks {classes}",
            f"ast_notebook needs this for {feature.what}",
            _MANAGER,
            info.username,
            lines if feature.level < Level.NOTE else (),
        )


def _misspelt(info: PbxInfo) -> Iterator[Finding]:
    for what in ("read", "write"):
        words = info.written(what)
        wrong = [word for word in words if word not in CLASSES]
        meant = ordered(_meant(words))
        if wrong:
            yield Finding(
                Level.WRONG,
                f"{what} has words that are no classes: {', '.join(map(repr, wrong))}",
                "Asterisk takes a blank for a part of the word and knows no capitals, takes the "
                "beginning of a class for that class, and nothing between two commas for all",
                _MANAGER,
                info.username,
                (f"{what} = {','.join(meant)}",) if meant else (),
            )


def _meant(words: Collection[str]) -> frozenset[str]:
    """Return the classes that somebody meant by words that may have blanks and capitals."""
    return frozenset(word.strip().lower() for word in words).intersection(CLASSES)


def _may_not(info: PbxInfo) -> Iterator[Finding]:
    """Yield findings from the permitted actions alone, if the login's section is unknown."""
    needed = {"call": "Hangup", "originate": "Originate", "system": "DBPut", "agent": "QueuePause"}
    for permission, action in needed.items():
        if info.may(action) is False:
            yield Finding(
                Level.MISSING,
                f"this login lacks write = {permission}",
                f"Asterisk refuses the action {action}, and others of that class",
                _MANAGER,
                info.username,
            )


def ordered(classes: Collection[str]) -> list[str]:
    """Return classes in the order in which manager.conf explains them."""
    known = [word for feature in FEATURES for word in (*feature.read, *feature.write)]
    order = {word: place for place, word in reversed(list(enumerate(known)))}
    return sorted(classes, key=lambda word: (order.get(word, len(order)), word))


def _too_wide(info: PbxInfo) -> Iterator[Finding]:
    write = info.classes("write")
    if write is None:
        return
    for permission, why in _MIGHTY.items():
        if permission in write:
            meant = _meant(info.written("write"))
            named = frozenset() if "all" in meant else meant - _MIGHTY.keys()
            fewer = ordered(write - {permission} or named or _USED)
            yield Finding(
                Level.UNSAFE,
                f"this login has write = {permission}",
                f"{why}; ast_notebook needs none of it",
                _MANAGER,
                info.username,
                (f"write = {','.join(fewer)}",),
            )


def _guard(info: PbxInfo) -> Iterator[Finding]:
    if not info.is_encrypted and not info.is_on_loopback and info.own_address:
        yield Finding(
            Level.UNSAFE,
            "this connection is not encrypted",
            "others on the network can read all events, and take over the connection; with these "
            "lines, connect with --tls to port 5039",
            _MANAGER,
            "general",
            (
                "tlsenable = yes",
                "tlsbindaddr = 0.0.0.0:5039",
                "tlscertfile = /etc/asterisk/keys/asterisk.crt",
                "tlsprivatekey = /etc/asterisk/keys/asterisk.key",
            ),
        )
    if info.login is None:
        return
    if _admits_all(info.login):
        mine = info.own_address or "THE.ADDRESS.OF.THIS.MACHINE"
        mask = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" if ":" in mine else "255.255.255.255"
        yield Finding(
            Level.UNSAFE,
            "this login may come from any address",
            "whoever knows the password and reaches the port can use the PBX",
            _MANAGER,
            info.username,
            ("deny = 0.0.0.0/0.0.0.0", f"permit = {mine}/{mask}"),
        )


def _admits_all(settings: Collection[tuple[str, str]]) -> bool:
    """Tell whether a login may come from any address; an ``acl``'s rules are unknown."""
    admits = True
    for name, text in settings:
        if name.lower() == "acl" and text:
            return False
        if name.lower() in ("permit", "deny"):
            for part in text.split(","):  # the last rule that fits an address decides
                if _is_everything(part.strip().removeprefix("!")):
                    admits = (name.lower() == "permit") is not part.strip().startswith("!")
    return admits


def _is_everything(network: str) -> bool:
    try:
        return ipaddress.IPv4Network(network, strict=False).prefixlen == 0
    except ValueError:
        return False


def _treatment(info: PbxInfo) -> Iterator[Finding]:
    if info.setting(_MANAGER, "general", "allowmultiplelogin") in ("no", "false", "0", "off"):
        yield Finding(
            Level.NOTE,
            "each login may have only one session at a time (allowmultiplelogin = no)",
            "a second notebook is refused, and so is this one while Asterisk still keeps its "
            "broken connection: give each notebook its own login",
        )
    if info.login is None:
        return
    waits = [text for name, text in info.login if name.lower() == "writetimeout"]
    wait = int(waits[-1]) if waits and is_count(waits[-1]) else _DEFAULT_WAIT
    if wait < _ENOUGH:
        yield Finding(
            Level.WRONG,
            f"Asterisk disconnects a client that does not read for {wait} ms (writetimeout)",
            "a burst of a few thousand events while a notebook computes may break the connection, "
            "and the events until the next one are lost",
            _MANAGER,
            info.username,
            (f"writetimeout = {_ENOUGH}",),
        )
    if any(name.lower().startswith("eventfilter") for name, _ in info.login):
        yield Finding(
            Level.NOTE,
            "events of this login are filtered (eventfilter)",
            "the filtered events are missing in all frames, calls and states",
        )


def _unfollowed(info: PbxInfo) -> Iterator[Finding]:
    read = info.classes("read")
    rates = info.rates()
    extra = set(rates) - _FOLLOWED
    noisy = {name: rate for name, rate in rates.items() if name in extra and rate >= _NOTICEABLE}
    if noisy:
        names = ", ".join(f"{name} ({rate:.1f} a second)" for name, rate in noisy.items())
        lines: tuple[str, ...] = ()
        if read is not None:
            kept = _FOLLOWED if "all" in read else read - set(noisy)
            lines = (f"read = {','.join(ordered(kept))}",)
        yield Finding(
            Level.COSTLY,
            f"Asterisk sends events that ast_notebook does not use: {names}",
            "they are received and recorded all the same, which takes time and memory",
            _MANAGER,
            info.username,
            lines,
        )
