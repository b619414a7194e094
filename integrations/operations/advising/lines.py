"""The advice, a line each: level, figure and next step, as `muse status` shows its checks."""

from __future__ import annotations

from collections.abc import Iterator

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.operations.advising.plans import Ask, Plans, Table, plans
from chimera_metrics.integrations.operations.advising.reads import AUDIT_LOG, DAYS, Reads, reads
from chimera_metrics.integrations.operations.health import size
from chimera_metrics.integrations.operations.verify_scope import ACKNOWLEDGES
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.models import FACT_TABLES

Line = dict[str, str]
#: So many calls of a table have to be on record before anything is said of its indexes and its order.
ENOUGH = 20
# A day of so many parts is being written to in small pieces, and so is one of so many batches of so few rows.
_PARTS, _BATCHES, _ROWS = 20, 2_000, 100


def advice(client: Access, ask: Ask) -> list[Line]:
    """All of it; never raises for the store. `ask` runs a reader's SQL behind the guard."""
    try:
        found = reads(client)
        explained = plans(found.kinds, ask, client.settings.database)
        return [_record(found, explained), *_indexes(client, explained), *_orders(client, explained), *_parts(client)]
    except MuseError as error:
        return [check("advice", "warning", "none", str(error))]


def _record(found: Reads, explained: Plans) -> Line:
    if not found.kinds:
        why = f" ({found.missing})" if found.missing else ""
        return check(
            "reads",
            "ok",
            f"none on record in the last {DAYS} days, so nothing can be said of indexes and order keys{why}",
            "With MUSE_AUDIT on, calls of the tools are on record once `muse serve` or `muse audit --ship` ships them."
            + (" Or let the account read system.query_log, and the server keep it." if found.missing else ""),
        )
    figure = f"{explained.calls:,} calls of {len(found.kinds)} kinds in the last {DAYS} days, from {found.source}"
    if explained.passed_over:
        figure += f"; {explained.passed_over} kinds could not be explained and are left out"
    if found.source == AUDIT_LOG and found.missing:
        figure += f"; system.query_log tells nothing: {found.missing}"
    return check("reads", "ok", figure)


def _indexes(client: Access, explained: Plans) -> Iterator[Line]:
    for table, name, expression, bytes_ in client.executor.read(
        "SELECT table, name, expr, data_compressed_bytes FROM system.data_skipping_indices "
        "WHERE database = currentDatabase() ORDER BY table, name"
    ).rows:
        seen = explained.tables.get(table, Table())
        index = seen.indexes.get(name)
        title = f"index {name}"
        if seen.calls < ENOUGH:
            yield check(title, "ok", f"{seen.calls} calls of {table} on record, too few to judge it by")
        elif index is None or not index.helped:
            asked = "none names what it is on" if index is None else f"{index.asked:,} name it, and it left nothing out"
            yield check(
                title,
                "warning",
                f"{seen.calls:,} calls of {table}: {asked}; it takes {size(bytes_)}",
                f"If a month of reads says the same, a revision of yours may drop it (docs/evolution.md): {expression} "
                "is then read row by row.",
            )
        else:
            yield check(title, "ok", f"helped in {index.helped:,} of {index.asked:,} calls that name {expression}")


def _orders(client: Access, explained: Plans) -> Iterator[Line]:
    keys = dict(
        client.executor.read(
            "SELECT name, sorting_key FROM system.tables WHERE database = currentDatabase() AND sorting_key != ''"
        ).rows
    )
    for table, seen in sorted(explained.tables.items()):
        title = f"order {table}"
        if seen.large < ENOUGH:
            yield check(title, "ok", f"{seen.large} of {seen.calls:,} calls had much to read, too few to judge it by")
            continue
        key = keys.get(table, "")
        figure = f"of {seen.without_key:,} of {seen.large:,} large calls ({key}) left nothing out"
        if seen.without_days:
            figure += f"; {seen.without_days:,} read every day"
        if 2 * seen.without_days >= seen.large:
            yield check(title, "warning", figure, "Give these questions a window: since, until, or a condition on ts.")
        elif 2 * seen.without_key >= seen.large:
            first = str(key).partition(",")[0]
            yield check(
                title,
                "warning",
                figure,
                f"Name {first} in their conditions, or ask `query.aggregate`, which an hourly rollup may answer; a "
                "column that most of them name may have a skip index of yours (docs/columns.md).",
            )
        else:
            yield check(title, "ok", figure)


def _parts(client: Access) -> Iterator[Line]:
    """Parts of the last days, and the batches that made them."""
    batches = {
        table: (int(count), int(rows))
        for table, count, rows in client.executor.read(
            f"SELECT table_name, count(), sum(inserted) FROM insert_ledger WHERE {ACKNOWLEDGES} AND inserted > 0 "
            f"AND acknowledged_at > now() - INTERVAL {DAYS} DAY GROUP BY table_name"
        ).rows
    }
    for table, parts, days in client.executor.read(
        "SELECT table, count(), uniqExact(partition) FROM system.parts WHERE active AND database = currentDatabase() "
        f"AND match(partition, '^\\\\d{{4}}-') AND partition >= toString(today() - {DAYS}) "
        "GROUP BY table ORDER BY table"
    ).rows:
        if table not in FACT_TABLES:
            continue
        count, rows = batches.get(table, (0, 0))
        a_day, mean = count / DAYS, rows / max(count, 1)
        figure = f"{parts / days:.1f} a day over the last {DAYS} days"
        if count:
            figure += f"; {a_day:,.0f} batches a day of {mean:,.0f} rows each"
        if parts / days > _PARTS or (a_day > _BATCHES and mean < _ROWS):
            yield check(
                f"parts {table}",
                "warning",
                figure,
                "Send larger batches, or a stream (`insert_stream`, `muse consume`): each batch makes a part a day.",
            )
        else:
            yield check(f"parts {table}", "ok", figure)
