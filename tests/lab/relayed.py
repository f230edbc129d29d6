"""Two real Asterisks, 16 and 22, that a SIP trunk joins through a relay which harms the voice."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.lab.relay import Relay

TRUNK_16 = """
[relay]
type = peer
host = 127.0.0.1
port = {port}
context = phones
insecure = port,invite
"""
TRUNK_22 = """
[relay]
type = endpoint
context = phones
direct_media = no
disallow = all
allow = ulaw
aors = relay

[relay]
type = aor
contact = sip:127.0.0.1:{port}

[relay-by-header]
type = identify
endpoint = relay
match_header = User-Agent: /^Asterisk/
"""


@contextlib.contextmanager
def relayed() -> Iterator[tuple[Asterisk, Asterisk, Relay]]:
    """Run both; `SIP/relay` of the first calls the second, whose channel is `PJSIP/relay`."""
    require(16)
    require(22)
    one, other = Asterisk(16), Asterisk(22)
    with Relay() as relay:
        for pbx, name, text, port in (
            (one, "sip.conf", TRUNK_16, relay.near_one),
            (other, "pjsip.conf", TRUNK_22, relay.near_other),
        ):
            with (pbx.directories.etc / name).open("a") as conf:
                conf.write(text.format(port=port))
        relay.join(one.sip_port, other.sip_port)
        with one, other:
            yield one, other, relay
