"""Actions on a channel's sound: recording it."""

from __future__ import annotations

from ast_notebook.demo.actions.registry import Reply, Request, SingleResponse, action, refuse
from ast_notebook.demo.channel import Channel


@action(
    "MixMonitor",
    "system",
    "Record a call and mix the audio during the recording.  Use of StopMixMonitor is required to "
    "guarantee the audio file is available for processing during dialplan execution.",
)
def mix_monitor(request: Request) -> Reply:
    """Begin to record a channel. There is no sound here, so no file is written."""
    channel = _channel(request)
    if isinstance(channel, SingleResponse):
        return channel
    if not request.get("File"):
        return refuse("Could not start monitoring channel")
    channel.recordings += 1
    request.pbx.emit("call", "MixMonitorStart", channel.snapshot())
    return SingleResponse()


@action(
    "StopMixMonitor",
    "system,call",
    "Stop recording a call through MixMonitor, and free the recording's file handle.",
)
def stop_mix_monitor(request: Request) -> Reply:
    """End one recording of a channel; recordings have no ids here."""
    channel = _channel(request)
    if isinstance(channel, SingleResponse):
        return channel
    if request.get("MixMonitorID") or not channel.recordings:
        return refuse("Could not stop monitoring channel")
    channel.recordings -= 1
    request.pbx.emit("call", "MixMonitorStop", channel.snapshot())
    return SingleResponse()


def _channel(request: Request) -> Channel | SingleResponse:
    name = request.get("Channel")
    if not name:
        return refuse("No channel specified")
    return request.pbx.find(name) or refuse("No such channel")
