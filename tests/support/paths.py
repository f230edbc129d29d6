"""Where things are that tests read, and where they leave pictures."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
_DATA = ROOT / "tests" / "data"
#: What real Asterisks sent and wrote while scenarios were played, with the truth of each call.
RECORDINGS = _DATA / "recordings"
#: What real PBXs have written of calls: CDR, CEL and queue_log.
HISTORY = _DATA / "history"
SCREENSHOTS = ROOT / "tests" / "screenshots"
