"""What goes wrong between a session and its PBX, done on purpose."""

import os

#: Whether what takes long takes as long as it does in life:
#: ``python -m tests.asterisk.faults --long``.
LONG = os.environ.get("AST_FAULTS_LONG") == "1"
