"""Freshness: whether what the Watcher saw being committed has arrived, and how old the newest rows are.

The Watcher writes down the newest commit of each source whenever it runs. From the first time that it saw a commit,
the commit's rows have `MUSE_HEARTS_WITHIN_MINUTES` (benchmarks) or `MUSE_PACKS_WITHIN_MINUTES` (events) to arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import TextClause, text

from chimera_metrics.analytics.sql.source import SETTINGS
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.results import Result

if TYPE_CHECKING:
    from chimera_metrics.integrations.config import MuseSettings

# A commit older than this no longer says anything about today's pipeline.
_DAYS = 30
_RECENT = f"watcher_runs WHERE ts > now() - INTERVAL {_DAYS} DAY"


@dataclass(frozen=True, slots=True)
class FreshnessSource:
    """Where a source's commits and rows stand."""

    name: str
    commits: str
    table: str
    setting: str

    def within(self, muse: MuseSettings) -> timedelta:
        return timedelta(minutes=getattr(muse, self.setting))


SOURCES = (
    FreshnessSource("hearts", "hearts_commit", "bench_runs", "hearts_within_minutes"),
    FreshnessSource("packs", "packs_commit", "ui_events", "packs_within_minutes"),
)


def check(name: str, level: str, figure: str, advice: str = "") -> dict[str, str]:
    """One line of `muse status`. Levels: ok, warning, error."""
    return {"name": name, "level": level, "figure": figure, "advice": advice}


def freshness(
    row: Mapping[str, Any], newest: Mapping[str, datetime | None], muse: MuseSettings, now: datetime
) -> list[dict[str, str]]:
    """A line for each source and one for the Watcher, from the answers to `FACTS` and each table's newest time."""
    return [*(_source(source, row, newest.get(source.table), muse, now) for source in SOURCES), _watcher(row, now)]


def age(seconds: float) -> str:
    """A length of time as people say it."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _source(
    source: FreshnessSource, row: Mapping[str, Any], newest: datetime | None, muse: MuseSettings, now: datetime
) -> dict[str, str]:
    name, within = f"{source.name} freshness", source.within(muse)
    limit, variable = age(within.total_seconds()), f"MUSE_{source.setting.upper()}"
    latest = "no row yet" if newest is None else f"newest row {age((now - newest).total_seconds())} ago"
    commit, seen, arrived = (row[f"{source.name}_{word}"] for word in ("newest", "seen", "arrived"))
    if commit is None:
        if source.name == "packs" and newest is not None and now - newest > within:
            advice = f"No event for longer than {variable}; see that Banterpacks sends, or raise the limit."
            return check(name, "warning", f"{latest}, expected within {limit}", advice)
        return check(name, "ok", f"{latest}; no commit in watcher_runs to measure by")
    waited = now - _aware(seen)
    commit = f"commit {commit[:8]}, seen {age(waited.total_seconds())} ago"
    if arrived:
        return check(name, "ok", f"{commit}, has its rows; {latest}")
    if waited <= within:
        return check(name, "ok", f"{commit}, has {limit} to send its rows; {latest}")
    advice = f"Send the commit's rows to {source.table} (`muse backfill`), or raise {variable}."
    return check(name, "error", f"{commit}, has no row in {source.table} after {limit}; {latest}", advice)


def _watcher(row: Mapping[str, Any], now: datetime) -> dict[str, str]:
    ran, status = row["watcher_ran"], row["watcher_status"]
    if not status:
        return check("watcher", "ok", f"no run in the last {_DAYS} days")
    figure = f"last run {age((now - _aware(ran)).total_seconds())} ago: {status}"
    if status == "valid":
        return check("watcher", "ok", figure)
    return check("watcher", "warning", figure, "See what it found: `SELECT * FROM watcher_runs ORDER BY ts DESC`.")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _arrived(source: FreshnessSource) -> str:
    """Whether a row of a source's newest commit is there.

    The search for it begins a day before the commit was seen: clocks differ, and older days need not be read.
    """
    return (
        f"SELECT count() FROM (SELECT 1 FROM {source.table} WHERE commit_sha = {source.name}_newest "
        f"AND ts > {source.name}_seen - INTERVAL 1 DAY LIMIT 1)"
    )


def question(facts: Mapping[str, str]) -> TextClause:
    """One statement with a column for each fact; those that begin with _ serve others only.

    Without FINAL, which would merge a table to find one row in it.
    """
    given = ",\n".join(f"({sql}) AS {name}" for name, sql in facts.items())
    asked = ", ".join(name for name in facts if not name.startswith("_"))
    return text(f"WITH\n{given}\nSELECT {asked}").execution_options(settings=SETTINGS)


#: Each fact that `freshness` needs, and the scalar that answers it; those below may name those above.
FACTS: dict[str, str] = {
    # One pass for what the Watcher last said, and one for when it first said so. Null commits count as not said.
    "_watched": f"SELECT ({', '.join(f'argMaxOrNull({source.commits}, ts)' for source in SOURCES)}, "
    f"argMax(status, ts), max(ts)) FROM {_RECENT}",
    **{f"{source.name}_newest": f"_watched.{place}" for place, source in enumerate(SOURCES, 1)},
    "watcher_status": f"_watched.{len(SOURCES) + 1}",
    "watcher_ran": f"_watched.{len(SOURCES) + 2}",
    "_seen": f"SELECT ({', '.join(f'minIf(ts, {source.commits} = {source.name}_newest)' for source in SOURCES)}) "
    f"FROM {_RECENT}",
    **{f"{source.name}_seen": f"_seen.{place}" for place, source in enumerate(SOURCES, 1)},
    **{f"{source.name}_arrived": _arrived(source) for source in SOURCES},
}


def summary(client: Access) -> Result:
    """Freshness alone, for `get.quality_metrics`: whether it is well, and its lines."""
    newest = "SELECT table, max(toUnixTimestamp(max_time)) AS t FROM system.parts "
    newest += "WHERE active AND database = currentDatabase() GROUP BY table HAVING t > 0"
    times = {table: datetime.fromtimestamp(seconds, UTC) for table, seconds in client.executor.read(newest).rows}
    [row] = client.executor.read(question(FACTS)).mappings()
    lines = freshness(row, times, client.muse, datetime.now(UTC))
    return Result.of({"fresh": all(line["level"] == "ok" for line in lines), "checks": lines})
