"""A statement as the shards of a cluster take it, and what stands on them as a single server would have it.

Each shard keeps its rows of a table `t` in `t_local`; `t` itself is Distributed: it reads all shards and spreads rows
over them. Models, revisions and commands know nothing of that. A statement that makes or changes `t` becomes one on
the shards' own table and one on the table above. A statement that moves rows or partitions within tables goes to the
shards' own alone, and names there what lies on the same shard. Reads go to `t` as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chimera_metrics.integrations.clickhouse.cluster import (
    CREATE,
    HERE,
    LOCAL,
    ON_CLUSTER,
    SHARDED,
    Cluster,
    clustered,
    without_texts,
)
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.models import FACT_TABLES

#: The session of every statement. An answer that lacks a shard, or the newest rows of one, is an error, never a figure;
#: rows are on their shard when an insert is answered; what a subquery finds on all shards is sent to each.
SESSION: Mapping[str, Any] = {
    "distributed_product_mode": "global",
    "fallback_to_stale_replicas_for_distributed_queries": 0,
    "skip_unavailable_shards": 0,
    # By it a shard would be left out where rows lay before shards were added.
    "optimize_skip_unused_shards": 0,
    "distributed_foreground_insert": 1,
}
#: Each shard fills its own table from its own rows: an INSERT … SELECT between two Distributed tables.
EACH_ITS_OWN: Mapping[str, Any] = {
    "parallel_distributed_insert_select": 2,
    # A shard may hold no row of a day that is put in the place of another.
    "allow_replace_partition_from_empty_source": 1,
}
#: Beside the tables of the models, on a cluster with shards: the numbers of shards that rows were spread over, and what
#: the engines of all shards know of their parts.
COUNTS, PARTS = "muse_shards", "muse_parts"

#: What is asked of parts; other columns may come and go with a server's version.
_OF_PARTS = (
    "database, partition, partition_id, name, active, rows, bytes_on_disk, data_compressed_bytes, "
    "data_uncompressed_bytes, marks, min_time, max_time, modification_time, min_block_number, max_block_number, level, "
    "data_version, disk_name"
)

_NAMES = "|".join(sorted(SHARDED, key=len, reverse=True))
# A table, or one that is made beside it for a while: to be filled and take its place, or its partitions'.
_TABLE = rf"(?<!\w)(?:muse_copy_)?(?:{_NAMES})(?:__new|__fill|_rebuild_[0-9a-f]{{8}})?"
_OURS = re.compile(rf"{_TABLE}(?!\w)")
_THEIRS = re.compile(rf"({_TABLE}){LOCAL}(?!\w)")
# What a view reads and writes lies on its shard.
_VIEW = re.compile(r"\s*CREATE\s+MATERIALIZED\s+VIEW\s|\s*ALTER\s+TABLE\s+\S+\s+MODIFY\s+QUERY\s", re.I)
_DROP = re.compile(rf"\s*DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?[`\"]?(?P<name>{_TABLE})(?!\w)", re.I)
_ALTER = re.compile(rf"\s*ALTER\s+TABLE\s+[`\"]?(?P<name>{_TABLE})(?!\w)[`\"]?", re.I)
_EXCHANGE = re.compile(
    rf"\s*EXCHANGE\s+TABLES\s+[`\"]?(?P<one>{_TABLE})[`\"]?\s+AND\s+[`\"]?(?P<other>{_TABLE})(?!\w)", re.I
)
_WITHIN = re.compile(r"\s*(?:TRUNCATE|OPTIMIZE)\s+TABLE\s|\s*SYSTEM\s+\w+\s+REPLICA\s|\s*DELETE\s+FROM\s", re.I)
# What the table above has of a column too. It has no TTL and no statistics.
_COLUMN = re.compile(
    r"\s*(?:(?P<drop>DROP)|ADD|RENAME|COMMENT|MODIFY)\s+COLUMN\s(?!.*\sREMOVE\s+(?:TTL|SETTINGS)\b)|\s*MODIFY\s+COMMENT\s",
    re.I | re.S,
)
_ONLY_BELOW = re.compile(r"\s(?:TTL\s(?:[^,()]|\([^()]*\))*|STATISTICS\s*\([^()]*\))", re.I)
_COMMENT = re.compile(r"\sCOMMENT\s+'_*'\s*$", re.I)
_DISTRIBUTED = re.compile(r"\bENGINE\s*=\s*Distributed\b", re.I)
_CALLED = re.compile(r"\s+AS\s", re.I)
_SYSTEM_PARTS = re.compile(r"\bsystem\.parts\b", re.I)


def key_of(table: str) -> str:
    """By what the rows of a table are spread: a function of the order key where rows replace one another, so that all
    copies of a run are on one shard, and the session, whose rows are read together."""
    name = _NAME_OF.match(table)
    table = name[1] if name else table
    if table not in FACT_TABLES:
        return "cityHash64(hour)"
    return f"cityHash64({id_of(table)})"


_NAME_OF = re.compile(rf"(?:muse_copy_)?({_NAMES})")


def id_of(table: str) -> str:
    """The column by which the rows of a fact are spread."""
    return "session_id" if "session_id" in FACT_TABLES[table].columns else "run_id"


def stored_in(table: str, settings: ClickHouseSettings) -> str:
    """The table whose parts hold the rows: on shards each shard's own."""
    return f"{table}{LOCAL}" if settings.on_shards else table


def sent(statement: str, cluster: Cluster | None) -> list[str]:
    """The statements that go to the server for this one, in their order; the last one's answer is the answer."""
    return [clustered(one, cluster) for one in on_shards(statement, cluster)]


def on_shards(statement: str, cluster: Cluster | None) -> list[str]:
    """The statements for tables that are spread over shards; the statement itself where it touches none."""
    if cluster is None or not cluster.sharded or statement.startswith(HERE):
        return [statement]
    bare = without_texts(statement)
    if ON_CLUSTER.search(bare):
        return [statement]
    if (match := CREATE.match(bare)) is not None and match["kind"].upper() == "TABLE":
        return _create(statement, bare, match["name"].strip('`"'), cluster)
    if (match := _DROP.match(bare)) is not None:
        return [statement, of_shard(statement)]
    if (match := _ALTER.match(bare)) is not None:
        return _alter(statement, bare, match)
    if (match := _EXCHANGE.match(bare)) is not None:
        both = [above(match[name], cluster).replace("CREATE", "CREATE OR REPLACE", 1) for name in ("one", "other")]
        return [of_shard(statement), *both]
    if _WITHIN.match(bare) or _VIEW.match(bare):
        return [of_shard(statement)]
    return [_everyones_parts(statement, bare, cluster) if _SYSTEM_PARTS.search(bare) else statement]


def of_shard(statement: str) -> str:
    """The statement on a shard's own tables."""
    bare = without_texts(statement)
    for match in reversed(list(_OURS.finditer(bare))):
        statement = statement[: match.end()] + LOCAL + statement[match.end() :]
    return statement


def folded(text: str) -> str:
    """The engine's words on a shard's own table, as it would say them of the table that the models have."""
    return _THEIRS.sub(r"\1", text) if LOCAL in text else text


def above(table: str, cluster: Cluster, comment: str = "") -> str:
    """What makes the table that reads all shards, with the columns of the shards' own."""
    engine = f"Distributed('{cluster.name}', '{cluster.database}', '{table}{LOCAL}', {key_of(table)})"
    return f"CREATE TABLE {table} AS {table}{LOCAL} ENGINE = {engine}{comment}"


def _create(statement: str, bare: str, name: str, cluster: Cluster) -> list[str]:
    # Made again on servers that came later, a table above is the same as it was.
    if not _OURS.fullmatch(name) or _DISTRIBUTED.search(bare):
        return [statement]
    comment = _COMMENT.search(bare)
    return [of_shard(statement), above(name, cluster, statement[comment.start() :].rstrip() if comment else "")]


def _alter(statement: str, bare: str, match: re.Match[str]) -> list[str]:
    below = of_shard(statement)
    spans = [(a, b) for a, b in _commands(bare, match.end()) if _COLUMN.match(bare[a:b])]
    if not spans:
        return [below]
    kept = ",".join(_ONLY_BELOW.sub("", statement[a:b]) for a, b in spans)
    on_top = f"{statement[: match.end()]}{kept}"
    # A column is there on the shards for as long as the table above has it.
    drops = all(_drops(bare[a:b]) for a, b in spans)
    return [on_top, below] if drops else [below, on_top]


def _drops(command: str) -> bool:
    found = _COLUMN.match(command)
    return found is not None and found["drop"] is not None


def _commands(bare: str, start: int) -> Iterator[tuple[int, int]]:
    """Where the commands of an ALTER stand: between the commas outside of brackets."""
    depth = 0
    for at in range(start, len(bare)):
        depth += {"(": 1, ")": -1}.get(bare[at], 0)
        if bare[at] == "," and depth == 0:
            yield start, at
            start = at + 1
    yield start, len(bare)


def _everyones_parts(statement: str, bare: str, cluster: Cluster) -> str:
    """A read of parts reads those of all shards, under the tables' names; the books are the same on each."""
    spread = f"SELECT {_OF_PARTS}, table FROM `{cluster.database}`.{PARTS} WHERE endsWith(table, '{LOCAL}')"
    spread = f"SELECT * REPLACE (substring(table, 1, length(table) - {len(LOCAL)}) AS table) FROM ({spread})"
    books = f"SELECT {_OF_PARTS}, table FROM system.parts WHERE NOT endsWith(table, '{LOCAL}')"
    for match in reversed(list(_SYSTEM_PARTS.finditer(bare))):
        called = "" if _CALLED.match(bare, match.end()) else " AS parts"
        statement = f"{statement[: match.start()]}({spread} UNION ALL {books}){called}{statement[match.end() :]}"
    return statement
