"""Every revision as a cluster with shards runs it: by its text, which no server is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.evolution.printed_sql import STEPS, all_statements, check_committed, check_read_by_the_engine
from tests.evolution.test_cluster_sql import ALONE

SNAPSHOTS = Path(__file__).parent / "sharded"
NOWHERE = ClickHouseSettings(host="nowhere.invalid", cluster="muse", sharded=True, database="shop")


@pytest.mark.parametrize(("below", "above"), STEPS)
def test_a_step_is_the_committed_sql(below: str, above: str) -> None:
    check_committed(NOWHERE, below, above, SNAPSHOTS)


def test_the_engine_reads_each_statement(embedded: ClickHouseSettings) -> None:
    found = all_statements(NOWHERE)
    assert len(found) > 80
    check_read_by_the_engine(found, embedded)


def test_each_statement_is_the_clusters_and_can_be_run_again() -> None:
    for statement in all_statements(NOWHERE):
        if not ALONE.match(statement):
            assert "ON CLUSTER 'muse'" in statement
        if re.match(r"(CREATE (?!OR REPLACE)|DROP|ALTER TABLE \S+ ON CLUSTER 'muse'\s+(ADD|DROP) )", statement):
            assert " EXISTS " in statement.splitlines()[0], statement
        assert not re.search(r"ENGINE = (?!Replicated|Atomic|Distributed)\w", statement), statement


def test_each_table_of_facts_and_each_rollup_is_made_on_the_shards_and_above_them() -> None:
    made = [one for one in all_statements(NOWHERE) if one.startswith("CREATE TABLE")]
    below = {name for one in made if (name := re.search(r"EXISTS (\w+)_local ON CLUSTER", one))}
    above = [one for one in made if "ENGINE = Distributed(" in one]
    assert len(below) == len(above) == 9
