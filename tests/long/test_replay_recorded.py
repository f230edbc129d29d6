"""What real Asterisks sent is replayed to the same calls as it was recorded."""

import pandas as pd
import pytest

import ast_notebook
from ast_notebook import calls
from tests.support.recorded import events as recorded


@pytest.mark.parametrize("version", [16, 22])
def test_calls_and_queue_calls_of_real_asterisks_are_those_of_the_record(version):
    events = recorded(version)
    with ast_notebook.replay(events) as sh:
        sh.run()
        assert len(sh.ast.live.channels) == 0
        pd.testing.assert_frame_equal(sh.ast.calls(), calls.from_events(events))
        pd.testing.assert_frame_equal(sh.ast.visits(), calls.visits(events))
