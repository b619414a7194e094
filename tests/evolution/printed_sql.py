"""The SQL that a revision prints, beside what is committed of it; no server is asked."""

from __future__ import annotations

import io
import itertools
import os
from pathlib import Path

from alembic import command

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.evolution.test_revisions import statements

REVISIONS = ("base", "0001", "0002", "0003", "0004", "0005")
STEPS = list(itertools.pairwise(REVISIONS))


def printed(settings: ClickHouseSettings, below: str, above: str) -> tuple[str, str]:
    """The way up and the way down."""
    texts = []
    for act, span in ((command.upgrade, f"{below}:{above}"), (command.downgrade, f"{above}:{below}")):
        config = runner.config(settings)
        config.output_buffer = io.StringIO()
        act(config, above if span.startswith("base:") and act is command.upgrade else span, sql=True)
        texts.append(config.output_buffer.getvalue().strip())
    return texts[0], texts[1]


def check_committed(settings: ClickHouseSettings, below: str, above: str, folder: Path) -> None:
    """The step, both ways, is the text in the folder."""
    up, down = printed(settings, below, above)
    text = f"-- up\n{up}\n\n-- down\n{down}\n"
    snapshot = folder / f"{above}.sql"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(text, encoding="utf-8")
    assert snapshot.is_file(), f"{snapshot.name} is missing; run the tests with UPDATE_SNAPSHOTS=1 and read the diff"
    assert text == snapshot.read_text(encoding="utf-8"), "run with UPDATE_SNAPSHOTS=1 and read the diff"


def all_statements(settings: ClickHouseSettings) -> list[str]:
    return [one for step in STEPS for text in printed(settings, *step) for one in statements(text)]


def check_read_by_the_engine(found: list[str], embedded: ClickHouseSettings) -> None:
    executor = Executor(embedded)
    for statement in found:
        assert executor.scalar(f"SELECT formatQuery({quote(statement)})")
    executor.close()
