"""Reads of tables that are spread over shards, as chDB can carry them out.

Behind a wire chDB hands over rows, never half-made aggregates, which shards answer with. So each table stands as the
subquery of its rows, and everything after them happens on the server that is asked.
"""

from __future__ import annotations

import functools
import re

from chimera_metrics.integrations.clickhouse.dialect import ClickHouseDialect_muse
from chimera_metrics.models import FACT_TABLES, ROLLUPS, metadata
from tests.support.native_wire.statements import literal, mask

_SPREAD = [*FACT_TABLES, *(model.__tablename__ for model in ROLLUPS)]
_LISTED = "|".join(sorted(_SPREAD, key=len, reverse=True))
_READ = re.compile(
    rf"\b(?P<word>FROM|JOIN)\s+(?P<database>`?\w+`?\.)?`?(?P<name>(?:muse_copy_)?(?P<like>{_LISTED})"
    r"(?:__new|__fill|_rebuild_\w{8})?)`?(?![\w.`])(?P<final>\s+FINAL)?(?:\s+AS\s+(?P<alias>\w+))?",
    re.IGNORECASE,
)
_ASKED_FOR = ("received_at", "_partition_id", "_part")
_IN = re.compile(r"\b(?:NOT\s+)?IN\s*\((?=\s*SELECT\b)", re.IGNORECASE)
_READS = re.compile(r"\s*(?:SELECT|WITH|INSERT\s+INTO\s.*?\bSELECT)\b", re.IGNORECASE | re.DOTALL)


def from_shards(sql: str) -> str:
    """The statement with the rows of the shards where its tables stand; what a subquery finds is sent to them."""
    masked = re.sub(r"`x*`", lambda found: sql[found.start() : found.end()], mask(sql))
    if not _READS.match(masked):
        return sql
    found = [(match.start(), match.end(), _rows(match, sql)) for match in _READ.finditer(masked)]
    found += [(match.start(), match.start(), "GLOBAL ") for match in _IN.finditer(masked)]
    for start, end, words in sorted(found, reverse=True):
        sql = sql[:start] + words + sql[end:]
    return sql


def _rows(match: re.Match[str], sql: str) -> str:
    columns = _types(match["like"])
    names = [name for name in columns if name not in _ASKED_FOR]
    names += [name for name in _ASKED_FOR if re.search(rf"\b{name}\b", sql) and (name in columns or name[0] == "_")]
    states = [name for name in names if columns.get(name, "").startswith("AggregateFunction")]
    source = f"{match['database'] or ''}{match['name']}{match['final'] or ''}"
    if states:  # the wire carries no states: they come as text
        read = ", ".join(f"hex({name}) AS {name}" if name in states else name for name in names)
        source = f"(SELECT {read} FROM {source})"
    chosen = [f"CAST(unhex({n}), {literal(columns[n])}) AS {n}" if n in states else n for n in names]
    return f"{match['word']} (SELECT {', '.join(chosen)} FROM {source}) AS {match['alias'] or match['name']}"


@functools.cache
def _types(table: str) -> dict[str, str]:
    dialect = ClickHouseDialect_muse()
    return {column.name: str(column.type.compile(dialect=dialect)) for column in metadata.tables[table].columns}
