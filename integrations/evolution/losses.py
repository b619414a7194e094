"""What a step would destroy, counted on the rows that stand: the questions that operations ask before they run.

Each answer is a list of phrases, empty where nothing is lost. A question that the engine cannot answer (a type that
cannot be compared) counts every value as lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import exc

from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.evolution.canonical import ColumnForm, TableForm
from chimera_metrics.integrations.evolution.ddl_parts import split, words_at
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.types import converts_in_place, nullable, plain
from chimera_metrics.models import VIEWS

# Where the engine merges rows, a row goes when another has its key.
_MERGING = re.compile(r"(Replacing|Collapsing|VersionedCollapsing|Summing|Aggregating|Graphite|Coalescing)\w*MergeTree")
_KEEPS_ROWS = {"TO", "RECOMPRESS"}
_ROLLUPS = {view.target: view.source for view in VIEWS}


def count(impl: ClickHouseImpl, table: str, condition: str = "1", final: bool = False) -> int:
    """Rows of a table that meet the condition."""
    assert impl.connection is not None  # noqa: S101
    rows = f"{quote_name(table)}{' FINAL' if final else ''}"
    return int(_scalar(impl, f"SELECT countIf({condition}) FROM {rows}"))


def _scalar(impl: ClickHouseImpl, statement: str) -> int:
    assert impl.connection is not None  # noqa: S101
    return int(impl.connection.exec_driver_sql(statement.replace("%", "%%")).scalar_one())


def of_rows(impl: ClickHouseImpl, form: TableForm) -> Iterator[str]:
    """All rows go, with their table or with a view that keeps its rows itself."""
    if form.kind == "other" or (form.kind == "materialized" and form.target):
        return
    if form.name in _ROLLUPS and {"hour", "events"} <= form.columns.keys():
        yield from _last_copies(impl, form.name, _ROLLUPS[form.name])
        return
    if found := count(impl, form.name):
        yield f"the {_rows(found)} of {form.name}"


def _last_copies(impl: ClickHouseImpl, target: str, source: str) -> Iterator[str]:
    """A rollup can be made again from its source, but for what the source has lost."""
    try:
        days, rows = _more(impl, target, source)
    except exc.DBAPIError:  # there is no such source
        days, rows = _all(impl, target)
    if rows:
        yield f"what only {target} still tells of {rows:,} rows on {days:,} days, which {source} has lost"


def _more(impl: ClickHouseImpl, target: str, source: str) -> tuple[int, int]:
    assert impl.connection is not None  # noqa: S101
    statement = (
        "SELECT countIf(told > held), sumIf(told - held, told > held) FROM "
        "(SELECT day, sum(t) AS told, sum(h) AS held FROM ("
        f"SELECT toDate(hour) AS day, toInt64(events) AS t, 0 AS h FROM {quote_name(target)} "
        f"UNION ALL SELECT toDate(ts), 0, 1 FROM {quote_name(source)}) GROUP BY day)"
    )
    days, rows = impl.connection.exec_driver_sql(statement).one()
    return int(days), int(rows)


def _all(impl: ClickHouseImpl, target: str) -> tuple[int, int]:
    assert impl.connection is not None  # noqa: S101
    found = impl.connection.exec_driver_sql(f"SELECT uniq(toDate(hour)), sum(events) FROM {quote_name(target)}").one()
    return int(found[0]), int(found[1])


def of_column(impl: ClickHouseImpl, table: TableForm, name: str) -> Iterator[str]:
    """A column's values go; what is null tells nothing."""
    column = table.columns.get(name)
    if column is None or not column.stored:
        return
    if found := count(impl, table.name, f"isNotNull({quote_name(name)})"):
        yield f"the values of {name} in {_rows(found)} of {table.name}"


def of_type(impl: ClickHouseImpl, table: TableForm, old: ColumnForm, new_type: str, copied: bool) -> Iterator[str]:
    """Values that do not come back the same. `copied`: a value that does not fit stops the copy, so it is not lost."""
    if not old.stored or old.type == new_type or converts_in_place(old.type, new_type):
        return
    column, there = quote_name(old.name), f"accurateCastOrNull({quote_name(old.name)}, {quote(plain(new_type))})"
    back = f"accurateCastOrNull({there}, {quote(plain(old.type))})"
    changed = f"isNotNull({there}) AND ifNull({back} != {column}, 1)"
    if "Float" in old.type:
        changed = f"NOT isNaN({column}) AND {changed}"
    if not copied:
        changed = f"isNull({there}) OR ({changed})"
    changed = f"isNotNull({column}) AND ({changed})"
    if not copied and not nullable(new_type):
        changed = f"isNull({column}) OR ({changed})"
    try:
        found = count(impl, table.name, changed)
    except exc.DBAPIError:  # types that the engine does not compare
        found = count(impl, table.name, f"isNotNull({column})")
    if found:
        yield f"{found:,} values of {old.name} in {table.name}, which {new_type} cannot hold as they are"


def of_ttl(impl: ClickHouseImpl, table: str, ttl: str, column: str = "") -> Iterator[str]:
    """Rows, or a column's values, that a TTL lets go as they age; those that are too old today are counted."""
    deleting = deletes(ttl)
    if not deleting:
        return
    what = f"the values of {column} in rows of {table}" if column else f"rows of {table}"
    try:
        found = count(impl, table, " OR ".join(map(_expired, deleting)))
    except exc.DBAPIError:
        yield f"{what} as they age"
        return
    yield f"{what} as they age, {_rows(found)} of {count(impl, table):,} at once"


def deletes(ttl: str) -> list[str]:
    """The parts of a TTL that let rows go; others move or compress them."""
    return [part for part in split(ttl) if part and not _KEEPS_ROWS & set(words_at(part))]


def _expired(part: str) -> str:
    words = words_at(part)
    ends = [place for word, place in words.items() if word in {"DELETE", "WHERE", "GROUP", "SET"}]
    moment = part[: min(ends, default=len(part))].strip()
    condition = part[words["WHERE"] + len("WHERE") :].strip() if "WHERE" in words else "1"
    return f"(({moment}) <= now() AND ({condition}))"


def of_merging(impl: ClickHouseImpl, have: TableForm, want: TableForm) -> Iterator[str]:
    """Rows that share a key which the engine wanted merges by."""
    if not _MERGING.match(want.engine) or (have.engine, have.order_key) == (want.engine, want.order_key):
        return
    final = bool(_MERGING.match(have.engine))
    rows = quote_name(have.name) + (" FINAL" if final else "")
    try:
        found = _scalar(impl, f"SELECT count() - uniqExact(tuple({want.order_key})) FROM {rows}")
    except exc.DBAPIError:
        found = count(impl, have.name)
    if found:
        yield f"{_rows(found)} of {have.name} that share their key ({want.order_key}) with another row"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


# Statements that a revision runs as text, and what each destroys.
_NAMED = r"(?:`?\w+`?\.)?`?(?P<table>\w+)`?"
_TEXTS = (
    (re.compile(rf"\s*DROP\s+(?:TABLE|VIEW|DATABASE)\s+(?:IF\s+EXISTS\s+)?{_NAMED}", re.IGNORECASE), None),
    (re.compile(rf"\s*TRUNCATE\s+(?:TABLE\s+)?(?:IF\s+EXISTS\s+)?{_NAMED}", re.IGNORECASE), None),
    (re.compile(rf"\s*DELETE\s+FROM\s+{_NAMED}", re.IGNORECASE), None),
    (
        re.compile(rf"\s*ALTER\s+TABLE\s+{_NAMED}", re.IGNORECASE),
        re.compile(
            r"\b(DROP\s+(COLUMN|PART(ITION)?|DETACHED)|CLEAR\s+COLUMN|DELETE\s+WHERE|UPDATE\s|MODIFY\s+TTL|"
            r"REPLACE\s+PARTITION|MOVE\s+PARTITION|DETACH\s+PART|MODIFY\s+COLUMN)",
            re.IGNORECASE,
        ),
    ),
)


def of_text(impl: ClickHouseImpl, statement: str, stands: Iterable[str]) -> Iterator[str]:
    """What a statement that a revision runs as text may destroy: it is not understood, so all rows count."""
    for pattern, inside in _TEXTS:
        match = pattern.match(statement)
        if match is None or match["table"] not in stands:
            continue
        if inside is None or inside.search(statement[match.end() :]):
            if found := count(impl, match["table"]):
                short = " ".join(statement.split())
                yield f"what stands in {match['table']} ({_rows(found)}), by `{short[:80]}{'…' if short[80:] else ''}`"
            return
