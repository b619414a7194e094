"""Health: one line per question, each with a level, a figure and what to do."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from integrations.clickhouse.literals import quote
from integrations.errors import MuseError
from integrations.results import Result
from models import FACT_TABLES

if TYPE_CHECKING:
    from integrations.clickhouse_client import ClickHouseClient


def _check(name: str, level: str, figure: str, advice: str = "") -> dict[str, str]:
    return {"name": name, "level": level, "figure": figure, "advice": advice}


def health(client: ClickHouseClient) -> Result:
    """All checks, and `healthy`: whether none of them is an error."""
    checks: list[dict[str, str]] = []
    try:
        started = time.perf_counter()
        version = client.executor.scalar("SELECT version()")
        elapsed = (time.perf_counter() - started) * 1000
        checks.append(_check("connection", "ok", f"{client.settings.where} answered in {elapsed:.0f} ms"))
        checks.append(_check("version", "ok", f"ClickHouse {version}"))
        checks.append(_schema(client))
        if checks[-1]["level"] == "ok":
            checks.extend(_tables(client))
    except MuseError as error:
        checks.append(_check("connection", "error", "no answer", str(error)))
    return Result.of({"healthy": all(check["level"] != "error" for check in checks), "checks": checks})


def _schema(client: ClickHouseClient) -> dict[str, str]:
    from integrations.clickhouse.alembic_support import runner

    head = runner.head()
    if runner.is_current(client.settings):
        return _check("schema", "ok", f"revision {head}")
    return _check("schema", "error", f"not at revision {head}", "Run `alembic upgrade head`.")


def _tables(client: ClickHouseClient) -> list[dict[str, str]]:
    sizes: dict[str, Any] = {
        row["table"]: row
        for row in client.executor.read(
            "SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts "
            f"WHERE active AND database = {quote(client.settings.database)} GROUP BY table"
        ).mappings()
    }
    now = datetime.now(UTC)
    checks = []
    for table, columns in FACT_TABLES.items():
        size = sizes.get(table)
        if size is None:
            checks.append(_check(table, "ok", "no rows yet"))
            continue
        time_column = "ts" if "ts" in columns.c else "hour"
        newest = client.executor.scalar(f"SELECT max({time_column}) FROM {table}")
        age = (now - newest).total_seconds()
        checks.append(
            _check(
                table,
                "ok",
                f"{size['rows']:,} rows, {size['bytes'] / 1e6:.1f} MB in {size['parts']} parts, newest {_age(age)} ago",
            )
        )
    return checks


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
