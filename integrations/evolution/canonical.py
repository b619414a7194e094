"""What stands in a database, in the engine's own words, so that two schemas can be compared.

The engine normalises what it is given (`Delta` becomes `Delta(8)`, settings are added), so nothing is compared with
the text of a model: what is wanted is created in a scratch database on the same engine, and both are read back here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse import shards
from chimera_metrics.integrations.clickhouse.cluster import LOCAL, plain
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.evolution import ddl_parts


@dataclass(frozen=True)
class ColumnForm:
    """One column."""

    name: str
    type: str
    kind: str = ""
    expression: str = ""
    codec: str = ""
    comment: str = ""
    statistics: str = ""
    ttl: str = ""
    settings: str = ""

    @property
    def definition(self) -> str:
        """What follows the name in `CREATE TABLE`."""
        parts = [self.type]
        if self.kind:
            parts.append(f"{self.kind} {self.expression}".strip())
        if self.comment:
            parts.append(f"COMMENT {quote(self.comment)}")
        if self.codec:
            parts.append(self.codec)
        if self.statistics:
            parts.append(f"STATISTICS{self.statistics}")
        if self.ttl:
            parts.append(f"TTL {self.ttl}")
        if self.settings:
            parts.append(f"SETTINGS {self.settings}")
        return " ".join(parts)

    @property
    def stored(self) -> bool:
        return self.kind not in {"ALIAS", "EPHEMERAL"}

    def has(self, part: str) -> bool:
        """Whether it has what `MODIFY COLUMN … REMOVE part` takes away: DEFAULT, CODEC, COMMENT …"""
        return part == self.kind or bool(self.removable.get(part))

    @property
    def removable(self) -> dict[str, str]:
        """What can be taken from it without another definition, by ClickHouse's word for it."""
        return {
            "CODEC": self.codec,
            "COMMENT": self.comment,
            "STATISTICS": self.statistics,
            "TTL": self.ttl,
            "SETTINGS": self.settings,
        }


@dataclass(frozen=True)
class TableForm:
    """One table or view, as two of them are compared: without database, ids, and what a replica adds."""

    name: str
    kind: str  # table, materialized, other
    engine: str
    partition_key: str = ""
    order_key: str = ""
    primary_key: str = ""
    sampling_key: str = ""
    ttl: str = ""
    comment: str = ""
    target: str = ""
    refresh: str = ""
    query: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, ColumnForm] = field(default_factory=dict)
    indexes: Mapping[str, str] = field(default_factory=dict)
    projections: Mapping[str, str] = field(default_factory=dict)
    constraints: Mapping[str, str] = field(default_factory=dict)
    #: What the table that reads all shards has otherwise than the shards' own; '' elsewhere. `muse upgrade` mends it.
    above: str = field(default="", compare=False)
    #: The `CREATE` statement, laid out by the engine. Not compared: it is made of the rest.
    ddl: str = field(default="", compare=False)


Schema = dict[str, TableForm]
Row = tuple[Any, ...]

_CLAUSE = re.compile(r" (?:PARTITION BY|ORDER BY|PRIMARY KEY|SAMPLE BY|TTL|SETTINGS) ")
_TTL = re.compile(r" TTL (.*?)(?: SETTINGS |$)", re.DOTALL)
_SETTING = re.compile(r"(\w+) = ('(?:[^'\\]|\\.)*'|[^,]+)(?:, |$)")
_REPLICA = re.compile(r"^(?:Shared|Replicated)(\w*MergeTree)")
# The path in the keeper and the replica's name: what a replicated engine takes before its own arguments.
_REPLICA_ARGUMENTS = re.compile(r"^\(\s*'[^']*'\s*,\s*'[^']*'\s*(?:,\s*)?")


def unqualified(text: str, database: str) -> str:
    """`text` without the database's name before the names of tables."""
    return re.sub(rf"(?<![\w`'.]){re.escape(database)}\.|`{re.escape(database)}`\.", "", text)


def engine_of(engine_full: str) -> str:
    """The engine and its arguments, a replicated or shared one as the plain one that it is."""
    match = _CLAUSE.search(engine_full)
    engine = engine_full[: match.start()] if match else engine_full
    plain = _REPLICA.match(engine)
    if plain is None:
        return engine
    arguments = _REPLICA_ARGUMENTS.sub("(", engine[plain.end() :])
    return plain[1] + ("" if arguments in {"()", ""} else arguments)


def settings_of(engine_full: str) -> dict[str, str]:
    """The settings of a table by name, values as the engine writes them."""
    _, _, text = engine_full.partition(" SETTINGS ")
    return {name: value.strip() for name, value in _SETTING.findall(text)}


def read(connection: Connection, database: str, only: str | None = None) -> Schema:
    """Every table and view of a database, or the one named."""
    named = "" if only is None else f" AND {{}} IN ({quote(only)}, {quote(only + LOCAL)})"
    where = f"database = {quote(database)}{named}"
    tables = _rows(connection, _TABLES.format(where=where.format("name")))
    if not tables:
        return {}
    parts = [
        _by_table(_rows(connection, statement.format(where=where.format("table"))))
        for statement in (_COLUMNS, _INDEXES, _PROJECTIONS)
    ]
    found = {row[0]: _form(row, database, *(part.get(row[0], []) for part in parts)) for row in tables}
    folded = _folded(found)
    return folded if only is None else {name: form for name, form in folded.items() if name == only}


def _folded(found: Schema) -> Schema:
    """A table that is spread over shards, and its shard's own, as the one that the models have."""
    folded: Schema = {}
    for name, form in found.items():
        own = found.get(f"{name}{LOCAL}")
        if own is not None and form.engine.startswith("Distributed("):
            folded[name] = _from_shards(own, form)
        elif form.kind == "materialized":  # also where it is read alone
            folded[name] = _from_shards(form)
        else:
            folded[name] = form
    return {name: form for name, form in folded.items() if not _is_own(name, found)}


def _is_own(name: str, found: Schema) -> bool:
    """Whether a table is the shard's own below another."""
    above = found.get(name.removesuffix(LOCAL)) if name.endswith(LOCAL) else None
    return above is not None and above.engine.startswith("Distributed(")


def _from_shards(form: TableForm, above: TableForm | None = None) -> TableForm:
    """With the names that the models have, and what the table above has otherwise."""
    form = replace(
        form,
        name=shards.folded(form.name),
        target=shards.folded(form.target),
        query=shards.folded(form.query),
        ddl=shards.folded(form.ddl),
    )
    if above is None:
        return form
    other = sorted(
        name
        for name in form.columns.keys() | above.columns.keys()
        if _shape(form.columns.get(name)) != _shape(above.columns.get(name))
    )
    apart = [f"other columns ({', '.join(other)})"] if other else []
    apart += ["another comment"] if form.comment != above.comment else []
    return replace(form, above=" and ".join(apart))


def _shape(column: ColumnForm | None) -> tuple[str, ...]:
    """What of a column a Distributed table needs to have as its shards do."""
    return () if column is None else (column.type, column.kind, column.expression)


def _form(row: Row, database: str, columns: list[Row], indexes: list[Row], projections: list[Row]) -> TableForm:
    name, engine, engine_full, create, query, ddl, partition_key, order_key, primary_key, sampling_key, comment = row
    engine_full, create, ddl = plain(engine_full), plain(create), plain(ddl)
    materialized = engine == "MaterializedView"
    clauses = {} if materialized else ddl_parts.columns(create)
    writes = ddl_parts.writes_to(create) if materialized else None
    return TableForm(
        name=name,
        kind="materialized" if materialized else "table" if "MergeTree" in engine else "other",
        engine=engine_of(engine_full) or engine,
        partition_key=partition_key,
        order_key=_without_parentheses(order_key),
        primary_key=_without_parentheses(primary_key),
        sampling_key=sampling_key,
        ttl=found[1] if (found := _TTL.search(engine_full)) else "",
        comment=comment,
        target="" if writes is None else writes.named_in(database),
        refresh="" if writes is None else writes.refresh,
        query=unqualified(query, database),
        settings=settings_of(engine_full),
        # The columns of a view follow from its SELECT.
        columns={} if materialized else {column[0]: _column(column, clauses) for column in columns},
        indexes={key: f"{expr} TYPE {type_} GRANULARITY {step}" for key, expr, type_, step in indexes},
        projections={key: unqualified(text, database) for key, text in projections},
        constraints={} if materialized else ddl_parts.constraints(create),
        ddl=unqualified(ddl, database),
    )


def _column(row: Row, clauses: Mapping[str, Mapping[str, str]]) -> ColumnForm:
    further = clauses.get(row[0], {})
    return ColumnForm(*row, *(further.get(word, "") for word in ("STATISTICS", "TTL", "SETTINGS")))


def _without_parentheses(key: str) -> str:
    # MODIFY ORDER BY (a) is read back as it was written, ORDER BY (a) as `a`.
    return key[1:-1] if re.fullmatch(r"\([^()]*\)", key) else key


_TABLES = f"""
SELECT name, engine, engine_full, create_table_query, as_select, formatQuery(create_table_query),
       partition_key, sorting_key, primary_key, sampling_key, comment
FROM system.tables WHERE {{where}} AND NOT is_temporary AND engine != 'KeeperMap'
    AND name NOT IN ('{shards.COUNTS}', '{shards.PARTS}') ORDER BY name"""
_COLUMNS = """
SELECT table, name, type, default_kind, default_expression, compression_codec, comment
FROM system.columns WHERE {where} ORDER BY table, position"""
_INDEXES = """
SELECT table, name, expr, type_full, granularity
FROM system.data_skipping_indices WHERE {where} AND NOT startsWith(name, 'auto_minmax_index_') ORDER BY table, name"""
_PROJECTIONS = "SELECT table, name, query FROM system.projections WHERE {where} ORDER BY table, name"


def _rows(connection: Connection, statement: str) -> list[Row]:
    return [tuple(row) for row in connection.exec_driver_sql(statement.replace("%", "%%"))]


def _by_table(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for table, *rest in rows:
        grouped.setdefault(table, []).append(tuple(rest))
    return grouped


def differences(stands: TableForm, wanted: TableForm) -> Iterator[str]:
    """How the table that stands differs from the one wanted, one phrase each; the order of columns does not count."""
    for name, label in _LABELS.items():
        have, want = getattr(stands, name), getattr(wanted, name)
        if have != want and not (name == "primary_key" and same_primary_key(stands, wanted)):
            yield f"{label} is {have or 'none'}, wanted {want or 'none'}"
    for name, label in _NAMED.items():
        have, want = getattr(stands, name), getattr(wanted, name)
        for key in [*want, *(key for key in have if key not in want)]:
            if key not in have:
                yield f"{label} {key} is missing"
            elif key not in want:
                yield f"{label} {key} is not known"
            elif have[key] != want[key]:
                yield f"{label} {key} is {_text(have[key])}, wanted {_text(want[key])}"


def same_primary_key(stands: TableForm, wanted: TableForm) -> bool:
    """A primary key that was not named is the order key of the day; columns appended to that later are not in it."""
    unnamed = wanted.primary_key == wanted.order_key
    return unnamed and f"{wanted.order_key}, ".startswith(f"{stands.primary_key}, ")


_LABELS = {
    "kind": "the kind",
    "engine": "the engine",
    "partition_key": "the partition key",
    "order_key": "the order key",
    "primary_key": "the primary key",
    "sampling_key": "the sampling key",
    "ttl": "the TTL",
    "comment": "the comment",
    "above": "what the table above its shards has besides",
    "target": "the target",
    "refresh": "the refresh",
    "query": "the SELECT",
}
_NAMED = {
    "columns": "column",
    "settings": "setting",
    "indexes": "index",
    "projections": "projection",
    "constraints": "constraint",
}


def _text(value: Any) -> str:
    return value.definition if isinstance(value, ColumnForm) else str(value)
