"""`muse audit`: lengths of time back from now."""

from __future__ import annotations

import pytest

from chimera_metrics.apps.audit import show
from chimera_metrics.integrations.errors import InvalidInput


@pytest.mark.parametrize("since", ["999999d", "24", "yesterday"])
def test_a_time_that_there_is_not_is_a_sentence(since: str) -> None:
    with pytest.raises(InvalidInput, match=f"--since '{since}' is no time; write a length such as 24h or 7d"):
        show(since, None, None, None, 10, False)
