"""Data checks on what follows from rows: sessions summed up, and the schema that follows from the models."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chimera_metrics.integrations.operations.verify_rollups import rollups
from chimera_metrics.integrations.operations.verify_scope import CheckScope, Line, between
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.models import metadata


def sessions(scope: CheckScope) -> Iterator[Line]:
    """Sessions summed up against their events, where there are events; those that agents sent alone stay."""
    if lacking := scope.lacking("session_stats") or scope.lacking("ui_events"):
        yield check("sessions", "error", f"not checked: {lacking}", "See `drift` below.")
        return
    held = wrong = alone = lost = back = 0
    for first, last in scope.stretches("session_stats"):
        row = scope.one(_SESSIONS.format(stats=between("hour", first, last), first=first, last=last))
        held, wrong, alone, lost = held + row["held"], wrong + row["wrong"], alone + row["alone"], lost + row["lost"]
        back = max(back, (scope.now.date() - first).days)
    rest = f"; {alone:,} without events" if alone else ""
    if not wrong:
        yield check("sessions", "ok", f"{held:,} sessions equal to their events{rest}")
        return
    advice = []
    if lost:
        rest = f"; of {lost:,} the sums tell of events that ui_events has lost{rest}"
        advice.append("Keep the sums that tell of more events, they are the last copy: look for a backup.")
    if lost < wrong:
        advice.append(
            f"Events came after the others were summed up, or the sums are wrong: run `muse backfill --rollups --days "
            f"{max(back, 1)}`, which leaves sums alone that tell of more events than there are."
        )
    yield check("sessions", "error", f"{wrong:,} of {held:,} sessions differ from their events{rest}", " ".join(advice))


# `muse backfill --shift-to-now` moves hours by whole hours and events by less: an hour beside the right one passes.
# A session whose events begin on the first day that is kept may have lost some to retention.
_SESSIONS = """
WITH (SELECT min(toDate(ts)) FROM ui_events) AS oldest
SELECT countIf(n > 0 AND NOT cut) AS held, countIf(n = 0) AS alone,
    countIf(n > 0 AND NOT cut AND events_count > n) AS lost,
    countIf(n > 0 AND NOT cut AND (
        events_count != n OR abs(dateDiff('second', hour, began)) > 3600
        OR abs(error_rate - errors) > 1e-6 OR abandonment_rate != abandoned
        OR abs(duration_seconds - seconds) > 0.0015
        OR isNull(avg_latency_ms) != isNull(mean)
        OR ifNull(abs(avg_latency_ms - mean) > 1e-6 * greatest(abs(mean), 1), 0))) AS wrong
FROM (SELECT * FROM session_stats WHERE {stats}) AS s
LEFT JOIN (
    SELECT session_id, count() AS n, toStartOfHour(toDateTime(min(ts), 'UTC')) AS began,
        toDate(min(ts)) = oldest AND toDate(max(ts)) > oldest AS cut,
        countIf(event_type = 'error') / n AS errors, avg(latency_ms) AS mean,
        n = 1 OR maxIf(ts, event_type = 'error') = max(ts) AS abandoned,
        (toUnixTimestamp64Milli(max(ts)) - toUnixTimestamp64Milli(min(ts))) / 1000 AS seconds
    FROM ui_events
    WHERE toDate(ts) BETWEEN toDate('{first}') - 1 AND toDate('{last}') + 2
        AND session_id IN (SELECT session_id FROM session_stats WHERE {stats})
    GROUP BY session_id) AS e USING (session_id)"""


def drift(scope: CheckScope) -> Iterator[Line]:
    """The store's schema against the models', both as the engine sees them."""
    from chimera_metrics.integrations.clickhouse.engine import make_engine
    from chimera_metrics.integrations.evolution.canonical import differences, read
    from chimera_metrics.integrations.evolution.comparators import schema_of
    from chimera_metrics.integrations.evolution.writers import foreign_writers

    settings = scope.client.settings
    engine = make_engine(settings, session={}, pool_size=2)
    try:
        with engine.connect() as connection:
            wanted = schema_of(metadata, settings, connection)
            stands = read(connection, settings.database)
            writers = foreign_writers(connection, settings.database, wanted.keys())
    finally:
        engine.dispose()
    found = [f"{name} is missing" for name in wanted if name not in stands]
    found += [f"{name}: {one}" for name in wanted if name in stands for one in differences(stands[name], wanted[name])]
    found += [writer.sentence for writer in writers]
    # What takes values away stands first: of many differences only some are shown.
    found.sort(key=lambda one: ("TTL" not in one, "replaces" not in one))
    if not found:
        yield check("drift", "ok", f"{len(wanted)} tables and views are as the models say")
        return
    more = f", and {len(found) - 3} more" if len(found) > 3 else ""
    ages = (
        " A TTL takes values away as they age: stop it first, by ALTER TABLE … REMOVE TTL." if "TTL" in found[0] else ""
    )
    advice = (
        f"Run `muse upgrade`; if it is there, somebody changed the tables: `muse adopt` names every difference.{ages}"
    )
    yield check("drift", "error", f"{len(found)} differences: {'; '.join(found[:3])}{more}", advice)


DERIVED: tuple[Callable[[CheckScope], Iterator[Line]], ...] = (rollups, sessions, drift)
