"""`muse verify` and `scripts/verify-data.py`: the samples hold; a planted fault is exit code 1."""

from __future__ import annotations

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.apps.support import Shell


def test_the_samples_hold_and_a_lost_row_is_found(shell: Shell) -> None:
    text = shell.run("muse", "verify").stdout
    assert "FAIL" not in text
    assert "ok   drift" in text
    executor = Executor(ClickHouseSettings(path=shell.settings["CH_PATH"]))
    executor.command("TRUNCATE TABLE deployments")
    executor.close()
    done = shell.run("python", "scripts/verify-data.py", code=1)
    assert "FAIL ledger" in done.stdout
    assert "deployments has 0 of 2 rows" in done.stdout
    assert shell.json("muse", "verify", "--days", "3", code=1)["holds"] is False
