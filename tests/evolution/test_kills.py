"""Killed between any two statements and run again: the same schema, one version row, no row lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.evolution.canonical import read
from chimera_metrics.integrations.evolution.engines import ensure_database, migration_engine
from chimera_metrics.integrations.evolution.lock import LockTerms
from tests.conftest import Report
from tests.evolution.conftest import Rows, running
from tests.evolution.filling import fill, sums
from tests.evolution.killing import Killed, boundaries

# Whoever holds the lock is taken for dead at once: here he is.
SOON = LockTerms(wait_s=20, stale_s=0)
Move = Callable[[ClickHouseSettings], None]


class Trial:
    """One database, in which moves are killed and run again."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self.settings = settings
        ensure_database(settings)
        self.engine = migration_engine(settings)
        self.connection: Connection = self.engine.connect()
        self.rows: Rows = running(self.connection)

    def state(self) -> object:
        """Everything that must be the same: each table and view, counts and sums, the version row."""
        schema = read(self.connection, self.settings.database)
        rollups = [
            self.rows(f"SELECT sum(events), sum(latency_count), sum(latency_sum_ms) FROM {name}")
            for name in sorted(schema)
            if name.endswith("_hourly")
        ]
        facts = sums(self.rows) if "ui_events" in schema else None
        return schema, facts, rollups, self.rows("SELECT version_num FROM alembic_version")

    def killed(self, move: Move, at: int | None) -> list[str]:
        """Runs `move` and kills it before its change numbered `at`; gives the changes until then."""
        with boundaries(at) as found:
            if at is None:
                move(self.settings)
            else:
                with pytest.raises(Killed):
                    move(self.settings)
        return found.statements

    def end(self) -> None:
        self.rows(f"DROP DATABASE IF EXISTS `{self.settings.database}` SYNC")
        self.connection.close()
        self.engine.dispose()


@pytest.fixture
def new_trial(settings: ClickHouseSettings) -> Iterator[Callable[[], Trial]]:
    made: list[Trial] = []

    def start() -> Trial:
        made.append(Trial(settings.model_copy(update={"database": f"{settings.database}_{len(made)}"})))
        return made[-1]

    yield start
    for trial in made:
        trial.end()


def up(revision: str) -> Move:
    return lambda settings: runner.upgrade(settings, revision, lock=SOON)


def down(revision: str) -> Move:
    return lambda settings: runner.downgrade(settings, revision, lock=SOON)


on_embedded = pytest.mark.parametrize("settings", ["embedded"], indirect=True)


@on_embedded
def test_the_first_revision_killed_at_every_boundary(new_trial: Callable[[], Trial], report: Report) -> None:
    whole = new_trial()
    changes = whole.killed(up("0001"), None)
    head = whole.state()
    back = whole.killed(down("base"), None)
    base = whole.state()
    for at in range(max(len(changes), len(back))):
        trial = new_trial()
        go_on_after_a_kill(trial, up("0001"), at, changes, head)
        go_on_after_a_kill(trial, down("base"), at, back, base)
    report(
        f"nothing to 0001: {len(changes)} statement boundaries, back to base: {len(back)}; killed and run again at each"
    )


@on_embedded
def test_the_way_to_head_and_back_killed_at_every_boundary(new_trial: Callable[[], Trial], report: Report) -> None:
    trial = new_trial()
    runner.upgrade(trial.settings, "0001")
    fill(trial.rows, days=1)
    changes = trial.killed(up("head"), None)
    head = trial.state()
    back = trial.killed(down("0001"), None)
    first = trial.state()
    # Each pass ends in the state in which the next begins: that is what is asserted.
    for at in range(max(len(changes), len(back))):
        go_on_after_a_kill(trial, up("head"), at, changes, head)
        go_on_after_a_kill(trial, down("0001"), at, back, first)
    report(f"0001 to head: {len(changes)} statement boundaries, back: {len(back)}; killed and run again at each")


def go_on_after_a_kill(trial: Trial, move: Move, at: int, changes: list[str], wanted: object) -> None:
    killed_before = changes[at] if at < len(changes) else "nothing"
    if at < len(changes):
        trial.killed(move, at)
    move(trial.settings)
    assert trial.state() == wanted, f"killed before: {killed_before}"
