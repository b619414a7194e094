"""The parser guard in front of the engine at hand, with `readonly` off; the other half is in `in_engine`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.local_parser import LocalParser
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.guard.judging import Guard, Rules, StatementRefused
from tests.guard.conftest import _SETUP, DATABASE, SECRET
from tests.guard.honest import STATEMENTS
from tests.guard.hostile import HOSTILE, Hostile
from tests.guard.test_guard import CHANGING

_PARAMETER = re.compile(r"\{\w+:\w+")
# Its answer is a Variant, which the test wire does not carry.
_NOT_CARRIED = "SELECT -0.0, 1 / -0.0"
HONEST = [sql for sql in STATEMENTS if not _PARAMETER.search(sql) and not sql.startswith(_NOT_CARRIED)]


@pytest.fixture(scope="module")
def reading(on_engine: ClickHouseSettings) -> Iterator[Executor]:
    """The tables of tests/guard on the server; its readers have no limits but those of the executor."""
    settings = on_engine.model_copy(update={"database": DATABASE})
    started = Executor(on_engine.model_copy(update={"database": "default"}))
    started.command(_SETUP[0])
    started.close()
    executor = Executor(settings)
    for statement in _SETUP[2:]:
        executor.command(statement)
    yield executor
    executor.close()


@pytest.fixture(scope="module")
def guard(reading: Executor) -> Iterator[Guard]:
    def explain(sql: str, parameters: Mapping[str, str]) -> str:
        return "\n".join(str(row[0]) for row in reading.read(sql).rows)

    parser = LocalParser(reading.settings)
    yield Guard(explain, Rules(hidden=frozenset({"audit_log", "sentinel"})), parser=parser)
    parser.close()


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.why)
def test_every_hostile_statement_is_refused(hostile: Hostile, guard: Guard, place: Path) -> None:
    sql = hostile.sql.replace("{secret}", str(place / "secret.txt")).replace("{out}", str(place / "out"))
    with pytest.raises(StatementRefused) as refusal:
        guard.check(sql)
    assert SECRET not in str(refusal.value)
    assert not list(place.glob("out*"))


def test_nothing_was_changed(reading: Executor) -> None:
    assert reading.scalar("SELECT groupArray(id) FROM sentinel") == [7]
    assert reading.scalar(f"SELECT count() FROM system.tables WHERE database = '{DATABASE}'") == 10


@pytest.mark.parametrize("sql", HONEST, ids=lambda sql: re.sub(r"\W+", "-", sql)[:80])
def test_every_honest_statement_passes_and_means_the_same(sql: str, guard: Guard, reading: Executor) -> None:
    verdict = guard.check(sql)
    session = dict(verdict.settings)
    answer = rows(reading, verdict.statement, session)
    if not any(word in sql for word in CHANGING):
        assert answer == rows(reading, sql, session)


def rows(reading: Executor, sql: str, session: Mapping[str, Any]) -> list[str]:
    """In no order, as text, in which NaN equals itself."""
    with reading.open(sql, session=session) as running:
        return sorted(repr(row) for block in running.blocks() for row in zip(*block, strict=True))
