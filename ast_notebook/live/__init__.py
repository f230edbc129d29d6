"""The live state: channels, devices, mailboxes, queues, conferences, parked calls."""

from ast_notebook.live.channels import device_of, is_of
from ast_notebook.live.live import Live
from ast_notebook.live.table import MOST, Follower, LiveTable
from ast_notebook.live.watch import Watch

__all__ = ["MOST", "Follower", "Live", "LiveTable", "Watch", "device_of", "is_of"]
