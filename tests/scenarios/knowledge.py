"""What each source of calls can know.

The same table is in ``docs/sources.md``; a test holds one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping

#: What a cell of the table says.
YES = "yes"  # it is right
PARTLY = "partly"  # it is right or missing
CLASSES = "in classes"  # one word stands for several: see `STANDS_FOR`
CLASSES_PARTLY = "in classes, partly"  # the same, or it is missing
DEVICE = "device"  # the telephone, where its number is not known
AGENT = "agent"  # the name of the agent, or his interface
APART = "apart"  # and what a transfer made one may still be two
WAITED = "waited"  # those that waited in a queue
EARLIER = "or earlier"  # when the line was answered, by whomever, or it is missing
QUEUED = "in queues"  # it counts what was in queues, and nothing else
NO = "no"  # it is missing

EVENTS, PLAIN = "events, all rights", "events, plain rights"
CEL, CDR_LINKED, CDR, QUEUE_LOG = "CEL", "CDR with linkedid", "CDR", "queue_log"
SOURCES = (EVENTS, PLAIN, CEL, CDR_LINKED, CDR, QUEUE_LOG)

#: A row a column of the calls frame; `calls` is how many there are.
KNOWS: Mapping[str, Mapping[str, str]] = {
    column: dict(zip(SOURCES, cells, strict=True))
    for column, *cells in (
        # column          events plain    CEL      linkedid CDR      queue_log
        ("calls", YES, YES, YES, YES, APART, WAITED),
        ("caller", YES, YES, YES, YES, YES, PARTLY),
        ("caller_device", YES, YES, YES, PARTLY, PARTLY, NO),
        ("dialled", YES, YES, PARTLY, PARTLY, PARTLY, NO),
        ("answered", YES, YES, YES, EARLIER, EARLIER, QUEUED),
        ("answered_by", YES, YES, YES, DEVICE, DEVICE, AGENT),
        ("answered_device", YES, YES, YES, PARTLY, PARTLY, NO),
        ("disposition", YES, CLASSES, CLASSES_PARTLY, CLASSES_PARTLY, CLASSES_PARTLY, CLASSES),
        ("ring", YES, YES, PARTLY, NO, NO, QUEUED),
        ("wait", YES, NO, PARTLY, NO, NO, YES),
        ("talk", YES, YES, YES, NO, NO, QUEUED),
        ("hold", YES, YES, NO, NO, NO, NO),
        ("cause", YES, YES, YES, NO, NO, NO),
        ("hangup_by", YES, YES, PARTLY, NO, NO, PARTLY),
        ("queue", YES, NO, PARTLY, PARTLY, PARTLY, YES),
        ("transfers", YES, YES, PARTLY, NO, NO, PARTLY),
        ("legs", YES, YES, YES, NO, NO, NO),
        ("direction", YES, YES, YES, PARTLY, PARTLY, NO),
        ("conference", YES, YES, PARTLY, PARTLY, PARTLY, NO),
    )
}

#: How a call ends that waited, and whose waiting is not told of.
_OF_QUEUES = frozenset({"ABANDONED", "NO ANSWER"})
_OF_CDR = {
    "NO ANSWER": frozenset({"CANCELLED", "ABANDONED", "REJECTED", "FAILED"}),
    # A queue in which nobody rang leaves no line, if something else follows.
    "BUSY": frozenset({"REJECTED", "NO ANSWER"}),
    "IVR": frozenset({"NO ANSWER"}),
}
#: A disposition that a source tells, and what it stands for besides itself.
STANDS_FOR: Mapping[str, Mapping[str, frozenset[str]]] = {
    # Without the events of queues a queue is an application like any other.
    PLAIN: {
        "CANCELLED": _OF_QUEUES,
        "NO ANSWER": _OF_QUEUES,
        "BUSY": _OF_QUEUES,
        "IVR": _OF_QUEUES,
        "FAILED": _OF_QUEUES,
    },
    # What names the mailbox and the queue is logged only if cel.conf says so.
    CEL: {
        "IVR": frozenset({"VOICEMAIL", *_OF_QUEUES}),
        "BUSY": frozenset({"VOICEMAIL", *_OF_QUEUES}),
        "NO ANSWER": frozenset({"VOICEMAIL", *_OF_QUEUES}),
        "CANCELLED": frozenset({"VOICEMAIL", *_OF_QUEUES}),
        "FAILED": _OF_QUEUES,
    },
    CDR_LINKED: _OF_CDR,
    CDR: _OF_CDR,
    # It knows nothing of what was after the queue.
    QUEUE_LOG: {
        "ABANDONED": frozenset({"ANSWERED", "NO ANSWER"}),
        "NO ANSWER": frozenset({"ANSWERED", "VOICEMAIL", "CANCELLED"}),
    },
}

#: Who ended a call, as a source tells it, and whom that stands for besides.
ENDED_FOR: Mapping[str, Mapping[str, str]] = {
    # Asterisk logs a talk with an agent as ended by the caller if a manager hung up either, and
    # if the caller's channel left it by a transfer of his own.
    QUEUE_LOG: {"caller": "pbx"},
}

#: What a CDR tells wrong, because nothing in it shows that it is wrong.
MISLED: Mapping[str, str] = {
    # What was dialled is overwritten, and there is no line of the mailbox.
    "transferred_to_a_mailbox": "dialled",
}
