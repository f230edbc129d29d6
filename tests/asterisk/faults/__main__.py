"""All faults, as in continuous integration or, with ``--long``, as long as they last in life."""

import os
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    more = [one for one in sys.argv[1:] if one != "--long"]
    environment = os.environ | {"AST_FAULTS_LONG": str(int("--long" in sys.argv))}
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), *more]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)
