#!/usr/bin/env bash
# panoramisk 1.4: `CallManager.send_originate` gives a Call, whose queue has the events of that call. Which events
# these are goes by the uniqueid up to its dot, and that is the second in which the channel was made. Two calls of
# one second so are one Call with one queue: here 1795932148.10 and 1795932148.20, and whoever waits for the Hangup
# of one of them hears that of either. The call of the next second has its own. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check panoramisk==1.4
"$place/venv/bin/python" - <<'PY'
import asyncio

from panoramisk.call_manager import CallManager

uniqueids = iter(["1795932148.10", "1795932148.20", "1795932149.30"])


async def pbx(reader, writer):
    """Answer as Asterisk answers an asynchronous Originate, and hang up at once."""
    writer.write(b"Asterisk Call Manager/11.0.0\r\n")
    while True:
        try:
            text = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.CancelledError:
            return  # everything is over
        action = dict(line.split(": ", 1) for line in text.split("\r\n") if line)
        number = f"ActionID: {action['ActionID']}\r\n"
        channel = f"Channel: {action['Channel']}-1\r\nUniqueid: {next(uniqueids)}\r\n\r\n"
        writer.write(
            f"Response: Success\r\n{number}Message: Originate successfully queued\r\n\r\n"
            f"Event: Newchannel\r\n{channel}Event: Hangup\r\n{channel}"
            f"Event: OriginateResponse\r\n{number}Response: Success\r\n{channel}".encode()
        )


async def main():
    server = await asyncio.start_server(pbx, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    manager = CallManager(host="127.0.0.1", port=port, loop=asyncio.get_running_loop())
    await manager.connect()
    await asyncio.sleep(0)  # for panoramisk's own callback
    calls = []
    for channel in ("PJSIP/200", "PJSIP/240", "PJSIP/30"):
        action = {"Action": "Originate", "Channel": channel, "Application": "Wait", "Data": "60"}
        calls.append(await manager.send_originate(action))
    manager.pinger.cancel()
    return calls, {call.uniqueid: [call.queue.get_nowait() for _ in range(call.queue.qsize())] for call in calls[1:]}


calls, events = asyncio.run(main())
told = {second: [(one.event, one.uniqueid) for one in heard] for second, heard in events.items()}
print(told)
assert calls[0] is calls[1] is not calls[2]
assert told == {
    "1795932148": [
        ("Newchannel", "1795932148.10"),
        ("Hangup", "1795932148.10"),
        ("Newchannel", "1795932148.20"),
        ("Hangup", "1795932148.20"),
    ],
    "1795932149": [("Newchannel", "1795932149.30"), ("Hangup", "1795932149.30")],
}
PY
