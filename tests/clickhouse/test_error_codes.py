"""The error numbers against the engine's own list of them, and none written as a number elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.config import ClickHouseSettings

ROOT = Path(__file__).parents[2]
# `code == 60`, `code in (159, 241)`, `code=396`, `case 47:`, `_UNKNOWN_TABLE = 60`
NUMBER = re.compile(r"\bcode\b *(?:==|!=|in|not in|=) *[({]?[1-9]|\bcase \d+:|_UNKNOWN_\w+ = \d")


def test_every_number_has_the_name_that_the_engine_gives_it(settings: ClickHouseSettings) -> None:
    listed = ", ".join(f"{code.value}" for code in ErrorCode)
    engine = make_engine(settings)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT n, errorCodeToName(n) FROM (SELECT arrayJoin([{listed}]) AS n)")
        assert dict(tuple(row) for row in rows) == {code.value: code.name for code in ErrorCode}
    engine.dispose()


def test_no_file_compares_an_error_with_a_bare_number() -> None:
    files = [path for path in (ROOT / "integrations").rglob("*.py") if path.name != "error_codes.py"]
    assert len(files) > 50
    assert {path.name: found for path in files if (found := NUMBER.findall(path.read_text()))} == {}


def test_that_search_finds_a_bare_number() -> None:
    planted = [
        "if error.code == 60:",
        "if error.code in (159, 241):",
        "DatabaseError(text, code=396)",
        "    case 47:",
        "_UNKNOWN_TABLE = 60",
    ]
    assert [line for line in planted if not NUMBER.search(line)] == []
