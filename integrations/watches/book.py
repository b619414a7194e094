"""The watches and alarms that are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.watches.definition import Definition
from chimera_metrics.integrations.writing.ledger import WRITE_SETTINGS
from chimera_metrics.suggestions import unknown

_WATCH = ("name", "definition", "since", "silenced_until", "removed", "set_at", "set_by")
_ALARM = ("alarm_id", "watch", "series", "rule", "bucket", "detail", "raised_at", "cleared_at", "acknowledged_at",
          "acknowledged_by", "changed_at")  # fmt: skip
_READ: Mapping[str, Any] = {"max_threads": 1, "select_sequential_consistency": 1}


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """One watch that stands."""

    name: str
    definition: Definition
    since: datetime
    silenced_until: datetime | None
    set_by: str

    def silent(self, now: datetime) -> bool:
        return self.silenced_until is not None and now < self.silenced_until


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `series` is its group as JSON text."""

    alarm_id: UUID
    watch: str
    series: str
    rule: str
    bucket: datetime
    detail: Mapping[str, Any]
    raised_at: datetime
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""

    @property
    def open(self) -> bool:
        """Whether somebody should look: it is neither cleared nor acknowledged."""
        return self.cleared_at is None and self.acknowledged_at is None


def alarm_id(database: str, watch: StoredWatch, series: str, bucket: datetime) -> UUID:
    """The same wherever it is made, so that an alarm raised twice is one."""
    words = (database, watch.name, watch.since.isoformat(), series, bucket.isoformat())
    return uuid5(NAMESPACE_URL, "\n".join(words))


class Book:
    """Reads and writes the tables `watches` and `watch_alarms`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def watches(self) -> list[StoredWatch]:
        """Those that were not removed, by name."""
        rows = self._rows(
            "SELECT name, definition, since, silenced_until, set_by FROM watches FINAL WHERE removed = 0 ORDER BY name"
        )
        return [StoredWatch(row[0], Definition.of_json(row[1]), *row[2:]) for row in rows]

    def watch(self, name: str) -> StoredWatch:
        """The watch of that name; InvalidInput names those that stand."""
        found = {one.name: one for one in self.watches()}
        if name not in found:
            raise InvalidInput(unknown("watch", name, list(found), "There are") if found else "No watch is set yet.")
        return found[name]

    def write(self, watch: StoredWatch, removed: bool = False) -> None:
        now = datetime.now(UTC)
        self._insert("watches", _WATCH, (watch.name, watch.definition.as_json(), watch.since, watch.silenced_until,
                                         int(removed), now, watch.set_by))  # fmt: skip

    def alarms(self, condition: str = "1", limit: int = 1000) -> list[Alarm]:
        """The alarms, newest first. `condition` is ours, never a caller's."""
        rows = self._rows(
            f"SELECT {', '.join(_ALARM[:-1])} FROM watch_alarms FINAL WHERE {condition} "
            f"ORDER BY raised_at DESC, alarm_id LIMIT {limit}"
        )
        return [_alarm(*row) for row in rows]

    def alarms_of(self, watch: StoredWatch) -> list[Alarm]:
        """Those raised since the watch was defined as it is."""
        return self.alarms(f"watch = {quote(watch.name)} AND raised_at >= {_quoted(watch.since)}")

    def changes(self) -> dict[str, tuple[int, datetime]]:
        """By watch, how many alarms it has raised and when one of them changed last."""
        rows = self._rows("SELECT watch, uniqExact(alarm_id), max(changed_at) FROM watch_alarms GROUP BY watch")
        return {row[0]: (int(row[1]), row[2]) for row in rows}

    def alarm(self, alarm_id: UUID) -> Alarm | None:
        return next(iter(self.alarms(f"alarm_id = toUUID({quote(str(alarm_id))})")), None)

    def write_alarm(self, alarm: Alarm) -> None:
        self._insert("watch_alarms", _ALARM, (
            alarm.alarm_id, alarm.watch, alarm.series, alarm.rule, alarm.bucket, orjson.dumps(alarm.detail).decode(),
            alarm.raised_at, alarm.cleared_at, alarm.acknowledged_at, alarm.acknowledged_by, datetime.now(UTC),
        ))  # fmt: skip

    def acknowledge(self, alarm: Alarm, who: str, now: datetime) -> Alarm:
        done = replace(alarm, acknowledged_at=now, acknowledged_by=who)
        self.write_alarm(done)
        return done

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._executor.open(statement, session=_READ) as running:
            return [row for block in running.blocks() for row in zip(*block, strict=True)]

    def _insert(self, table: str, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        settings = dict(WRITE_SETTINGS) | {"insert_deduplicate": 0}
        self._executor.insert(table, names, [[value] for value in values], settings)


def _alarm(*row: Any) -> Alarm:
    values = dict(zip(_ALARM[:-1], row, strict=True))
    return Alarm(**values | {"detail": orjson.loads(values["detail"])})


def _quoted(moment: datetime) -> str:
    return f"toDateTime64({quote(f'{moment:%Y-%m-%d %H:%M:%S.%f}'[:-3])}, 3, 'UTC')"
