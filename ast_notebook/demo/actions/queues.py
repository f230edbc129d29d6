"""Actions on queues and their members."""

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
from ast_notebook.demo.queues import Queue, QueueMember
from ast_notebook.digits import is_count


def _chosen(request: Request) -> list[Queue]:
    name = request.get("Queue")
    return [queue for queue in request.pbx.queues if not name or queue.name == name]


@action("QueueStatus", "", "Show queue status.")
def status(request: Request) -> Reply:
    """List queues, their members and their callers."""
    member = request.get("Member")

    def entries() -> Iterator[tuple[str, Headers]]:
        for queue in _chosen(request):
            yield "QueueParams", _parameters(queue)
            for agent in queue.agents.values():
                if member in ("", agent.interface, agent.name):
                    yield "QueueMember", agent.headers(request.pbx, listed=True)
            for position, entry in enumerate(queue.entries, 1):
                caller, connected = entry.channel.caller, entry.channel.connected
                yield (
                    "QueueEntry",
                    {
                        "Queue": queue.name,
                        "Position": str(position),
                        "Channel": entry.channel.name,
                        "Uniqueid": entry.channel.uniqueid,
                        "CallerIDNum": caller.number or "unknown",
                        "CallerIDName": caller.name or "unknown",
                        "ConnectedLineNum": connected.number or "unknown",
                        "ConnectedLineName": connected.name or "unknown",
                        "Wait": str(entry.waited),
                        "Priority": "0",
                    },
                )

    return Listing("Queue status will follow", entries(), "QueueStatusComplete", id_last=True)


def _parameters(queue: Queue) -> Headers:
    taken = queue.completed + queue.abandoned
    return {
        "Queue": queue.name,
        "Max": "0",
        "Strategy": queue.settings.strategy,
        "Calls": str(len(queue.entries)),
        "Holdtime": str(queue.hold_time),
        "TalkTime": str(queue.talk_time),
        "Completed": str(queue.completed),
        "Abandoned": str(queue.abandoned),
        "ServiceLevel": "0",
        "ServicelevelPerf": "0.0",
        "ServicelevelPerf2": "100.0" if taken else "0.0",
        "Weight": "0",
    }


@action("QueueSummary", "", "Show queue summary.")
def summary(request: Request) -> Reply:
    """Return how many members and callers each queue has."""

    def entries() -> Iterator[tuple[str, Headers]]:
        for queue in _chosen(request):
            yield (
                "QueueSummary",
                {
                    "Queue": queue.name,
                    "LoggedIn": str(len(queue.agents)),
                    "Available": str(len(queue.free_agents())),
                    "Callers": str(len(queue.entries)),
                    "HoldTime": str(queue.hold_time),
                    "TalkTime": str(queue.talk_time),
                    "LongestHoldTime": str(max((e.waited for e in queue.entries), default=0)),
                },
            )

    return Listing("Queue summary will follow", entries(), "QueueSummaryComplete", id_last=True)


@action("QueueAdd", "agent", "Add interface to queue.")
def add(request: Request) -> Reply:
    """Log a member in."""
    name, interface = request.get("Queue"), request.get("Interface")
    if not name:
        return refuse("'Queue' not specified.")
    if not interface:
        return refuse("'Interface' not specified.")
    queue = request.pbx.queues.get(name)
    if queue is None:
        return refuse("Unable to add interface to queue: No such queue")
    if interface in queue.agents:
        return refuse("Unable to add interface: Already there")
    penalty = request.get("Penalty")
    agent = QueueMember(
        name,
        request.get("MemberName") or interface,
        interface,
        request.get("StateInterface") or interface,
        "dynamic",
        int(penalty) if is_count(penalty) else 0,
        request.is_true("Paused"),
    )
    agent.last_pause = agent.login if agent.is_paused else 0
    queue.add(agent)
    return SingleResponse("Added interface to queue")


@action("QueueRemove", "agent", "Remove interface from queue.")
def remove(request: Request) -> Reply:
    """Log a member out."""
    name, interface = request.get("Queue"), request.get("Interface")
    if not name or not interface:
        return refuse("Need 'Queue' and 'Interface' parameters.")
    queue = request.pbx.queues.get(name)
    if queue is None:
        return refuse("Unable to remove interface from queue: No such queue")
    agent = queue.agents.get(interface)
    if agent is None:
        return refuse("Unable to remove interface: Not there")
    if agent.membership != "dynamic":
        return refuse("Member not dynamic")
    queue.remove(agent)
    return SingleResponse("Removed interface from queue")


@action("QueuePause", "agent", "Makes a queue member temporarily unavailable.")
def pause(request: Request) -> Reply:
    """Pause a member, or end its pause."""
    interface = request.get("Interface")
    if not interface or not request.get("Paused"):
        return refuse("Need 'Interface' and 'Paused' parameters.")
    found = [queue for queue in _chosen(request) if interface in queue.agents]
    if not found:
        return refuse("Interface not found")
    is_paused = request.is_true("Paused")
    for queue in found:
        queue.pause(queue.agents[interface], is_paused, request.get("Reason"))
    return SingleResponse(f"Interface {'paused' if is_paused else 'unpaused'} successfully")


@action("QueuePenalty", "agent", "Set the penalty for a queue member.")
def penalty(request: Request) -> Reply:
    """Change the penalty of a member."""
    interface, number = request.get("Interface"), request.get("Penalty")
    if not interface or not number:
        return refuse("Need 'Interface' and 'Penalty' parameters.")
    found = [queue for queue in _chosen(request) if interface in queue.agents]
    if not found or not is_count(number):
        return refuse("Invalid interface, queuename or penalty")
    for queue in found:
        agent = queue.agents[interface]
        agent.penalty = int(number)
        request.pbx.emit("agent", "QueueMemberPenalty", agent.headers(request.pbx))
    return SingleResponse("Interface penalty set successfully")


@action("QueueReset", "", "Reset queue statistics.")
def reset(request: Request) -> Reply:
    """Reset the counters."""
    for queue in _chosen(request):
        queue.completed = queue.abandoned = queue.hold_time = queue.talk_time = 0
        for agent in queue.agents.values():
            agent.calls = agent.last_call = 0
    return SingleResponse("Queue stats reset successfully")
