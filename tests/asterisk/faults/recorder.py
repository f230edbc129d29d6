"""A kernel that connects and records, to be stopped and killed: ``PORT FOLDER USER``."""

import sys
import time

import ast_notebook


def main() -> None:
    """Connect, record, say so, and go on until somebody ends it."""
    port, folder, user = sys.argv[1:]
    with ast_notebook.connect("127.0.0.1", int(port), username=user, password="secret") as sh:
        archive = sh.ast.record.to(folder)
        while True:
            session = sh.ast.session
            state = "connected" if session.connected() else "lost"
            print(state, archive.written, session.counts["reconnects"], flush=True)
            time.sleep(0.1)


if __name__ == "__main__":
    main()
