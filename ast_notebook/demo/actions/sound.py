"""Actions on what a channel sounds like: recording it."""

from __future__ import annotations

from ast_notebook.demo.actions.registry import Answer, Reply, Request, action, refuse
from ast_notebook.demo.channel import Channel


@action(
    "MixMonitor",
    "system",
    "Record a call and mix the audio during the recording.  Use of StopMixMonitor is required to "
    "guarantee the audio file is available for processing during dialplan execution.",
)
def mix_monitor(request: Request) -> Reply:
    """Begin to record a channel. Nothing sounds here, so no file is written."""
    channel = _channel(request)
    if isinstance(channel, Answer):
        return channel
    if not request.get("File"):
        return refuse("Could not start monitoring channel")
    channel.recordings += 1
    request.pbx.emit("call", "MixMonitorStart", channel.snapshot())
    return Answer()


@action(
    "StopMixMonitor",
    "system,call",
    "Stop recording a call through MixMonitor, and free the recording's file handle.",
)
def stop_mix_monitor(request: Request) -> Reply:
    """End one recording of a channel; they have no ids here."""
    channel = _channel(request)
    if isinstance(channel, Answer):
        return channel
    if request.get("MixMonitorID") or not channel.recordings:
        return refuse("Could not stop monitoring channel")
    channel.recordings -= 1
    request.pbx.emit("call", "MixMonitorStop", channel.snapshot())
    return Answer()


def _channel(request: Request) -> Channel | Answer:
    name = request.get("Channel")
    if not name:
        return refuse("No channel specified")
    return request.pbx.find(name) or refuse("No such channel")
