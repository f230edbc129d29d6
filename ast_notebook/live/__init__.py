"""What is up right now: channels, devices, mailboxes, queues, conferences, parked calls."""

from ast_notebook.live.channels import device_of, is_of
from ast_notebook.live.live import Live, Watch
from ast_notebook.live.mailboxes import new_messages
from ast_notebook.live.table import Follower, Table

__all__ = ["Follower", "Live", "Table", "Watch", "device_of", "is_of", "new_messages"]
