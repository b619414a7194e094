"""Every revision as a cluster runs it: by its text, which no server is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.evolution.printed_sql import STEPS, all_statements, check_committed, check_read_by_the_engine, printed

SNAPSHOTS = Path(__file__).parent / "cluster"
NOWHERE = ClickHouseSettings(host="nowhere.invalid", cluster="muse", database="shop")


@pytest.mark.parametrize(("below", "above"), STEPS)
def test_a_step_is_the_committed_sql(below: str, above: str) -> None:
    check_committed(NOWHERE, below, above, SNAPSHOTS)


def test_the_engine_reads_each_statement(embedded: ClickHouseSettings) -> None:
    found = all_statements(NOWHERE)
    assert len(found) > 50
    check_read_by_the_engine(found, embedded)


# One row for the whole cluster, and the books' own changes, which every replica takes over.
ALONE = re.compile(
    r"INSERT INTO |ALTER TABLE alembic_version UPDATE |DELETE FROM alembic_version|ALTER TABLE alembic_v"
)


def test_each_statement_is_the_clusters_and_can_be_run_again() -> None:
    for statement in all_statements(NOWHERE):
        if not ALONE.match(statement):
            assert "ON CLUSTER 'muse'" in statement
        if re.match(r"(CREATE|DROP|ALTER TABLE \S+ ON CLUSTER 'muse'\s+(ADD|DROP) )", statement):
            assert " EXISTS " in statement.splitlines()[0], statement
        assert not re.search(r"ENGINE = (?!Replicated|Atomic)\w", statement), statement


def test_without_a_cluster_nothing_of_it_is_printed() -> None:
    for step in STEPS:
        up, down = printed(ClickHouseSettings(path="/nowhere"), *step)
        assert "CLUSTER" not in up + down
        assert "Replicated" not in up + down
