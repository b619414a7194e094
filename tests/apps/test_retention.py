"""`muse retention`: set, look, apply."""

from __future__ import annotations

from pathlib import Path

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.apps.support import Shell


def test_set_look_and_apply(shell: Shell) -> None:
    assert "Nothing is removed yet" in shell.run("muse", "retention", "set", "ui_events", "--keep-days", "10").stdout
    dry = shell.run("muse", "retention", "apply").stdout
    assert "This was a dry run: `muse retention apply --yes` removes them." in dry
    shown = {plan["table"]: plan for plan in shell.json("muse", "retention", "show")}
    assert shown["ui_events"]["keep_days"] == 10
    assert shown["ui_events"]["rows_to_go"] > 0
    assert "Removed " in shell.run("muse", "retention", "apply", "--yes").stdout
    assert "Nothing is older than the rules keep." in shell.run("muse", "retention", "apply", "--yes").stdout
    shell.run("muse", "verify")


def test_mistakes(shell: Shell) -> None:
    assert (
        "Name either --keep-days N or --keep-all." in shell.run("muse", "retention", "set", "ui_events", code=2).stderr
    )
    assert "Unknown table 'x'" in shell.run("muse", "retention", "set", "x", "--keep-all", code=1).stderr


def test_a_rollup_whose_rows_are_gone_already_is_named_before_it_goes(shell: Shell) -> None:
    shell.run("muse", "retention", "set", "ui_events", "--keep-days", "10")
    with ClickHouseClient(ClickHouseSettings(path=shell.settings["CH_PATH"])) as client:
        client.executor.command("TRUNCATE TABLE ui_events")
    dry = shell.run("muse", "retention", "apply").stdout
    assert "Would remove 0 rows and " in dry
    assert "days of ui_events_hourly, the last copy of rows that are gone already" in dry


def test_a_store_without_tables_is_one_sentence_with_the_next_step(tmp_path: Path) -> None:
    said = Shell(CH_PATH=str(tmp_path / "new")).run("muse", "retention", "apply", "--yes", code=1).stderr
    assert said.strip() == "muse: The store has no table retention_rules yet. Run `muse upgrade`."
