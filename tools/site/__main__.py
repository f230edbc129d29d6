"""Builds the documentation site: ``python -m tools.site``.

A warning of Sphinx is an error. Nothing is asked of the network. The first page is
`build/site/html/index.html`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.site.build import BUILD, build


def main() -> int:
    """Build the site, and return the exit status of Sphinx."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__)
    parser.add_argument("--to", type=Path, default=BUILD, help="a folder, by default build/site")
    parser.add_argument("--quick", action="store_true", help="run no cells of the pages")
    parser.add_argument(
        "--links", action="store_true", help="ask the network for each external link instead"
    )
    given = parser.parse_args()
    return build(given.to, run=not (given.quick or given.links), links=given.links)


if __name__ == "__main__":
    sys.exit(main())
