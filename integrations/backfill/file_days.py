"""The days of a file's rows, as the file tells them, and rows moved to now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chimera_metrics.integrations.backfill.arrow_rows import moments, python_rows
from chimera_metrics.integrations.backfill.files import SourceFile
from chimera_metrics.integrations.validation.rules import rules_of

UNKNOWN_DAY = -1_000_000
"""The day of a row whose time is missing or cannot be read: such rows are always taken, and perhaps refused."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(value: Any) -> datetime | None:
    """A row's time in UTC, or None where there is none that can be read."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        try:
            moment = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def days_of(rows: Any, table: str) -> Sequence[int]:
    """Each row's day, in days since 1970-01-01."""
    name = rules_of(table).time.name
    if isinstance(rows, list):
        return [_day(row.get(name)) for row in rows]
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in rows.column_names:
        return [UNKNOWN_DAY] * len(rows)
    found = moments(rows.column(name))
    if found is None:
        return [_day(value) for value in rows.column(name).to_pylist()]
    days: Sequence[int] = pc.fill_null(found.cast(pa.date32(), safe=False).cast(pa.int32()), UNKNOWN_DAY).to_numpy()
    return days


def _day(value: Any) -> int:
    moment = moment_of(value)
    return UNKNOWN_DAY if moment is None else (moment - _EPOCH).days


def distinct(days: Sequence[int]) -> set[int]:
    """The days that there are."""
    if isinstance(days, list):
        return set(days)
    import numpy as np

    return set(np.unique(days).tolist())


def choose(rows: Any, days: Sequence[int], wanted: Collection[int]) -> Any:
    """The rows of the days that are wanted, in the file's order."""
    if isinstance(rows, list):
        return [row for row, day in zip(rows, days, strict=True) if day in wanted]
    import numpy as np

    keep = np.isin(np.asarray(days), list(wanted))
    return rows if keep.all() else rows.filter(keep)


def newest(files: Sequence[SourceFile]) -> datetime:
    """The time of the newest row of all files that its table takes; now, if none has one."""
    found: list[datetime] = []
    for file in files:
        for window in file.windows():
            times = [moment for moment in _moments(window.rows, file.table) if _is_taken(moment, file.table)]
            found += [max(times)] if times else []
    return max(found, default=datetime.now(UTC))


def _moments(rows: Any, table: str) -> Iterator[datetime]:
    name = rules_of(table).time.name
    if isinstance(rows, list):
        values = [row.get(name) for row in rows]
    elif name in rows.column_names:
        column = rows.column(name)
        times = moments(column)
        values = (column if times is None else times).to_pylist()
    else:
        values = []
    return (moment for value in values if (moment := moment_of(value)) is not None)


def _is_taken(moment: datetime, table: str) -> bool:
    time = rules_of(table).time
    return bool(time.low <= moment <= time.high)


def shifted(rows: Any, table: str, shift: timedelta) -> list[Mapping[str, Any]]:
    """The rows with their times moved; hours by whole hours. What the table does not take stays, to be refused."""
    name = rules_of(table).time.name
    if rules_of(table).time.kind == "hour":
        shift = timedelta(hours=shift // timedelta(hours=1))
    found = []
    for row in rows if isinstance(rows, list) else python_rows(rows):
        moment = moment_of(row.get(name))
        if moment is not None and _is_taken(moment, table):
            row = {**row, name: moment.astimezone(UTC) + shift}
        found.append(row)
    return found
