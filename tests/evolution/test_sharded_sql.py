"""Every revision as a cluster with shards runs it: by its text, which no server is asked for."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.evolution.test_cluster_sql import ALONE, STEPS, printed
from tests.evolution.test_revisions import statements

SNAPSHOTS = Path(__file__).parent / "sharded"
NOWHERE = ClickHouseSettings(host="nowhere.invalid", cluster="muse", sharded=True, database="shop")


@pytest.mark.parametrize(("below", "above"), STEPS)
def test_a_step_is_the_committed_sql(below: str, above: str) -> None:
    up, down = printed(NOWHERE, below, above)
    text = f"-- up\n{up}\n\n-- down\n{down}\n"
    snapshot = SNAPSHOTS / f"{above}.sql"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(text, encoding="utf-8")
    assert snapshot.is_file(), f"{snapshot.name} is missing; run the tests with UPDATE_SNAPSHOTS=1 and read the diff"
    assert text == snapshot.read_text(encoding="utf-8"), "run with UPDATE_SNAPSHOTS=1 and read the diff"


def all_statements() -> list[str]:
    return [one for step in STEPS for text in printed(NOWHERE, *step) for one in statements(text)]


def test_the_engine_reads_each_statement(embedded: ClickHouseSettings) -> None:
    executor = Executor(embedded)
    found = all_statements()
    assert len(found) > 80
    for statement in found:
        assert executor.scalar(f"SELECT formatQuery({quote(statement)})")
    executor.close()


def test_each_statement_is_the_clusters_and_can_be_run_again() -> None:
    for statement in all_statements():
        if not ALONE.match(statement):
            assert "ON CLUSTER 'muse'" in statement
        if re.match(r"(CREATE (?!OR REPLACE)|DROP|ALTER TABLE \S+ ON CLUSTER 'muse'\s+(ADD|DROP) )", statement):
            assert " EXISTS " in statement.splitlines()[0], statement
        assert not re.search(r"ENGINE = (?!Replicated|Atomic|Distributed)\w", statement), statement


def test_each_table_of_facts_and_each_rollup_is_made_on_the_shards_and_above_them() -> None:
    made = [one for one in all_statements() if one.startswith("CREATE TABLE")]
    below = {name for one in made if (name := re.search(r"EXISTS (\w+)_local ON CLUSTER", one))}
    above = [one for one in made if "ENGINE = Distributed(" in one]
    assert len(below) == len(above) == 9
