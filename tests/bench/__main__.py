"""How fast events are heard and what keeping them costs: ``python -m tests.bench``."""

from tests.bench import flood, record

flood.main()
print()
record.main()
