"""Every revision as a cluster runs it: by its text, which no server is asked for."""

from __future__ import annotations

import io
import itertools
import os
import re
from pathlib import Path

import pytest
from alembic import command

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.evolution.test_revisions import statements

SNAPSHOTS = Path(__file__).parent / "cluster"
REVISIONS = ("base", "0001", "0002", "0003", "0004", "0005")
STEPS = list(itertools.pairwise(REVISIONS))
NOWHERE = ClickHouseSettings(host="nowhere.invalid", cluster="muse", database="shop")


def printed(settings: ClickHouseSettings, below: str, above: str) -> tuple[str, str]:
    """The way up and the way down."""
    texts = []
    for act, span in ((command.upgrade, f"{below}:{above}"), (command.downgrade, f"{above}:{below}")):
        config = runner.config(settings)
        config.output_buffer = io.StringIO()
        act(config, above if span.startswith("base:") and act is command.upgrade else span, sql=True)
        texts.append(config.output_buffer.getvalue().strip())
    return texts[0], texts[1]


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
    assert len(found) > 50
    for statement in found:
        assert executor.scalar(f"SELECT formatQuery({quote(statement)})")
    executor.close()


# One row for the whole cluster, and the books' own changes, which every replica takes over.
ALONE = re.compile(
    r"INSERT INTO |ALTER TABLE alembic_version UPDATE |DELETE FROM alembic_version|ALTER TABLE alembic_v"
)


def test_each_statement_is_the_clusters_and_can_be_run_again() -> None:
    for statement in all_statements():
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
