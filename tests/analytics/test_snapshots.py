"""What runs: the SQL of every expression is a file in `sql/`, set out by the engine's own formatter.

A missing or differing file fails. `UPDATE_SNAPSHOTS=1` writes them; read the diff before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.analytics.conftest import Store
from tests.analytics.snapshots import SELECTS

FOLDER = Path(__file__).parent / "sql"
UPDATE = os.environ.get("UPDATE_SNAPSHOTS") == "1"


@pytest.mark.parametrize("name", SELECTS)
def test_the_sql_is_as_written_down(store: Store, name: str) -> None:
    file = FOLDER / f"{name}.sql"
    text = store.text(SELECTS[name])
    if UPDATE:
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"{file.name} is missing; UPDATE_SNAPSHOTS=1 writes it"
    assert text == file.read_text(encoding="utf-8")


def test_no_file_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.sql")} == set(SELECTS)


@pytest.mark.parametrize("name", [name for name in SELECTS if name != "estimate"])
def test_it_runs_on_an_empty_store(store: Store, name: str) -> None:
    for row in store.run(SELECTS[name]):
        assert all(value == value for value in row.values()), row  # NaN differs from itself


def test_an_estimate_counts_without_reading(store: Store) -> None:
    assert store.executor.read(SELECTS["estimate"]).rows == []
