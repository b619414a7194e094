"""What a view is about: the window, the zone, the filters and the groups, as an address says them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from chimera_metrics.analytics import QuestionError, metric_of
from chimera_metrics.analytics.metrics.forms import OPERATORS
from chimera_metrics.analytics.tables import columns_of
from chimera_metrics.analytics.window import zone_of
from chimera_metrics.models import FACT_TABLES

GRANULARITIES = ("minute", "hour", "day", "week", "month")
_CONDITION = re.compile(
    r"\s*(\w+)\s*(!=|<=|>=|=|<|>|\b(?:not )?in\b|\b(?:not )?like\b|\bilike\b|\bis (?:not )?null\b)(.*)", re.I
)
_MOST_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Scope:
    """One address. `days` None and no `since` is each question's own default."""

    days: int | None = None
    since: str | None = None
    until: str | None = None
    zone: str | None = None
    metric: str | None = None
    by: tuple[str, ...] = ()
    granularity: str | None = None
    where: tuple[str, ...] = ()
    baseline_since: str | None = None
    commit: str | None = None
    x: str | None = None
    y: str | None = None
    table: str | None = None
    sql: str | None = None

    @classmethod
    def of(cls, query: Iterable[tuple[str, str]]) -> Scope:
        """The scope that an address states. Raises QuestionError for what it cannot mean."""
        one: dict[str, Any] = {}
        many: dict[str, list[str]] = {"by": [], "where": []}
        for name, given in query:
            value = given.strip()[:_MOST_WORDS]
            if not value:
                continue
            if name in many:
                many[name] += [part for part in ([value] if name == "where" else value.split(",")) if part.strip()]
            elif name in _ONE:
                one[name] = value
        return cls(**one | {"by": tuple(map(str.strip, many["by"])), "where": tuple(many["where"])}).checked()

    def checked(self) -> Scope:
        """With `days` as a number; every word that can be checked without the store is."""
        days = self.days
        if days is not None and not str(days).isdecimal():
            raise QuestionError(f"`days` is {str(days)[:40]!r}; write a whole number, such as 30.")
        if self.zone is not None:
            zone_of(self.zone)
        if self.granularity is not None and self.granularity not in GRANULARITIES:
            raise QuestionError(f"`granularity` is {self.granularity[:40]!r}; it takes {', '.join(GRANULARITIES)}.")
        for text in self.where:
            condition(text)
        return replace(self, days=None if days is None else int(days))

    def window(self, default: int | None = None, least: int = 0) -> dict[str, Any]:
        """The arguments of a window; `least` days where a question needs as many to say anything."""
        if self.since is not None or self.until is not None:
            return {"since": self.since, "until": self.until}
        days = self.days if self.days is not None else default
        return {} if days is None else {"days": max(days, least)}

    def only_days(self, default: int) -> dict[str, int]:
        """For the summaries, which are of the days up to now."""
        if self.since is None:
            return {"days": self.days if self.days is not None else default}
        try:
            begin = datetime.fromisoformat(self.since)
        except ValueError:
            raise QuestionError(f"`since` is {self.since[:40]!r}, which is not a time; write 2026-06-01.") from None
        begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
        return {"days": max(0, (datetime.now(UTC) - begin).days)}

    def filters(self, table: str) -> list[dict[str, Any]]:
        """The conditions on columns that the table has."""
        columns = columns_of(FACT_TABLES[table])
        return [one for one in map(condition, self.where) if one["column"] in columns]

    def filters_of(self, metric: str) -> list[dict[str, Any]]:
        return self.filters(metric_of(metric).table)

    def word(self, column: str) -> str | None:
        """The one value that a filter leaves the column."""
        found = [one["value"] for one in map(condition, self.where) if one["column"] == column and one["op"] == "="]
        return found[0] if len(found) == 1 else None

    def query(self, **changes: Any) -> str:
        """The address of this scope with some words changed; None takes one away."""
        words = {name: getattr(self, name) for name in (*_ONE, "by", "where")} | changes
        pairs = [
            (name, item)
            for name, value in words.items()
            for item in (value if isinstance(value, tuple | list) else (value,))
            if item is not None and item != ""
        ]
        return urlencode(pairs)

    @property
    def words(self) -> str:
        """The scope in words, for the head of a report."""
        if self.since is not None:
            window = f"{self.since} to {self.until or 'now'}"
        else:
            window = "each question's own window" if self.days is None else f"the last {self.days} days"
        return ", ".join([window, *([f"zone {self.zone}"] if self.zone else []), *self.where])


_ONE = frozenset(Scope.__dataclass_fields__) - {"by", "where"}


def condition(text: str) -> dict[str, Any]:
    """The filter that a text such as `model = opus` or `status in success, failure` states."""
    found = _CONDITION.fullmatch(text)
    op = " ".join(found[2].lower().split()) if found else ""
    if found is None or op not in OPERATORS:
        raise QuestionError(
            f"{text[:80]!r} is no filter; write it such as model = opus, or status in success, failure."
        )
    one: dict[str, Any] = {"column": found[1], "op": op}
    if op in ("in", "not in"):
        return one | {"values": [word.strip() for word in found[3].split(",") if word.strip()]}
    return one if op.startswith("is ") else one | {"value": found[3].strip()}


def filter_text(given: Mapping[str, Any]) -> str:
    """A filter as an address says it."""
    values = given.get("values")
    shown = ", ".join(values) if values is not None else given.get("value", "")
    return f"{given['column']} {given['op']} {shown}".strip()
