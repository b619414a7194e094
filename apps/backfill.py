"""`muse backfill`: files into tables, a day at a time, each day's rows known by their content."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from integrations import config
from integrations.clickhouse_client import ClickHouseClient
from integrations.errors import InvalidInput
from integrations.files import SourceFile, find_files
from server.context import ensure_schema

_ROWS_PER_CALL = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def run(days: int, source: str | None, shift_to_now: bool, as_json: bool) -> int:
    """Ingests and prints a summary; exit code 0 when nothing was rejected."""
    settings = config.load()
    folder = source or settings.muse.source_dir
    if folder is None:
        raise InvalidInput("No source: name a file or folder with --source, or set MUSE_SOURCE_DIR.")
    files = [(file, list(file.rows())) for file in find_files(Path(folder))]
    now = datetime.now(UTC)
    shift = now - _newest(files) if shift_to_now else timedelta()
    totals: dict[str, dict[str, int]] = {}

    def prepare(rows: Sequence[Mapping[str, Any]], _: datetime) -> Sequence[Mapping[str, Any]]:
        return [_shifted(row, shift) for row in rows]

    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        ensure_schema(client)
        for file, rows in files:
            total = totals.setdefault(file.table, dict.fromkeys(_COUNTS, 0))
            for block in _blocks(rows, since=now - timedelta(days=days) - shift):
                answer = client.insert(file.table, block, on_invalid="skip", prepare=prepare)
                for name in _COUNTS:
                    total[name] += answer[name]
    _print(totals, as_json)
    return 0 if all(total["rejected_count"] == 0 for total in totals.values()) else 1


_COUNTS = ("received", "inserted", "duplicates", "replaced", "rejected_count", "quarantined")


def _time(row: Mapping[str, Any]) -> datetime | None:
    value = row.get("ts") or row.get("hour")
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _newest(files: Sequence[tuple[SourceFile, Sequence[Mapping[str, Any]]]]) -> datetime:
    times = [moment for _, rows in files for row in rows if (moment := _time(row)) is not None]
    return max(times, default=datetime.now(UTC))


def _shifted(row: Mapping[str, Any], shift: timedelta) -> Mapping[str, Any]:
    moment = _time(row)
    if not shift or moment is None:
        return row
    name = "ts" if row.get("ts") else "hour"
    moved = moment + (shift if name == "ts" else timedelta(hours=shift // timedelta(hours=1)))
    return {**row, name: moved}


def _blocks(rows: Sequence[Mapping[str, Any]], since: datetime) -> Iterator[list[Mapping[str, Any]]]:
    """The rows from `since` on, a day at a time, so that a file that has grown repeats only its last day."""

    def day(row: Mapping[str, Any]) -> int:
        moment = _time(row)
        return (moment - _EPOCH).days if moment is not None else -1

    kept = [row for row in rows if (moment := _time(row)) is None or moment >= since]
    for _, group in itertools.groupby(sorted(kept, key=day), key=day):
        found = list(group)
        for start in range(0, len(found), _ROWS_PER_CALL):
            yield found[start : start + _ROWS_PER_CALL]


def _print(totals: Mapping[str, Mapping[str, int]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(totals))
        return
    click.echo(f"{'table':<14}" + "".join(f"{name.replace('_count', ''):>12}" for name in _COUNTS))
    for table, total in totals.items():
        click.echo(f"{table:<14}" + "".join(f"{total[name]:>12,}" for name in _COUNTS))
