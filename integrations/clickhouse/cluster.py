"""A statement as a cluster takes it, and what stands there as a single server would have it.

Models, revisions and commands know nothing of clusters. Every statement that leaves for a server passes `clustered`:
DDL goes to all servers of the cluster, can be run again, and gives tables a replicated engine with its place in Keeper.
`plain` turns what the engine tells of such a table back, so that it can be compared with a model.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.models import FACT_TABLES, ROLLUPS, metadata

#: Seconds for which a replicated table knows its blocks again, besides their number.
WINDOW_S = 7 * 86_400
HERE = "/* on this server only */ "
VERSION_TABLE = "alembic_version"
#: Names in Keeper: one table wherever it is made, see keeper_map.py.
CLAIMS = "muse_claims"
#: How the name ends of a shard's own table, above which a Distributed one stands.
LOCAL = "_local"
SHARDED = frozenset(FACT_TABLES) | {model.__tablename__ for model in ROLLUPS}
#: The books: one copy for the whole cluster, however many shards it has.
SHARED = frozenset(metadata.tables) - SHARDED | {VERSION_TABLE}

_NAME = r"(?:(?:`[^`]+`|\"[^\"]+\"|\w+)\.)?(?P<name>`[^`]+`|\"[^\"]+\"|\w+)"
_CHANGES = re.compile(r"\s*(?:CREATE|DROP|ALTER|TRUNCATE|OPTIMIZE|GRANT|RENAME|EXCHANGE|BACKUP|RESTORE|SYSTEM)\s", re.I)
CREATE = re.compile(
    rf"\s*CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?P<kind>TABLE|DATABASE|(?:MATERIALIZED\s+)?VIEW)\s+(?P<if>IF\s+NOT\s+EXISTS\s+)?{_NAME}",
    re.I,
)
_DROP = re.compile(rf"\s*DROP\s+(?P<kind>TABLE|VIEW|DATABASE|DICTIONARY)\s+(?P<if>IF\s+EXISTS\s+)?{_NAME}", re.I)
_ALTER = re.compile(rf"\s*ALTER\s+TABLE\s+{_NAME}", re.I)
# What is complete with the cluster's name behind it.
_AFTER = re.compile(
    rf"\s*(?:TRUNCATE\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_NAME}"
    rf"|OPTIMIZE\s+TABLE\s+{_NAME.replace('?P<name>', '')}"
    rf"|CREATE\s+(?:ROLE\s+IF\s+NOT\s+EXISTS|(?:SETTINGS\s+PROFILE|QUOTA|ROW\s+POLICY)\s+OR\s+REPLACE)\s+\S+"
    rf"|DROP\s+ROW\s+POLICY\s+IF\s+EXISTS\s.*?\sON\s+\S+|ALTER\s+USER\s+\S+|GRANT(?=\s)|SYSTEM\s+(?:(?:SYNC|RESTORE)\s+REPLICA|FLUSH\s+DISTRIBUTED)(?=\s)"
    rf"|(?:RENAME\s+TABLE|EXCHANGE\s+TABLES)\s.*\S|(?:BACKUP|RESTORE)\s+DATABASE\s.*?(?=\s(?:TO|FROM)\s))",
    re.I | re.S,
)
_ENGINE = re.compile(r"\bENGINE\s*=\s*(?P<engine>\w*MergeTree)\b(?P<arguments>\s*\()?", re.I)
_WINDOW = re.compile(r"\bnon_replicated_deduplication_window\b(?P<value>\s*=\s*\d+)?")
_LOCAL_ALTER = re.compile(r"\s(?:MODIFY\s+COMMENT|(?:MODIFY|RESET)\s+SETTING)\s", re.I)
ON_CLUSTER = re.compile(r"\bON\s+CLUSTER\b", re.I)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.S)
_REPLICATED = re.compile(r"\bReplicated(?P<engine>\w*MergeTree)\('[^']*',\s*'[^']*'(?P<more>,\s*)?")
_EMPTY = re.compile(r"(\w*MergeTree)\(\)")
_REPLICATED_WINDOW = re.compile(r"(?<!non_)\breplicated_deduplication_window = ")
_SECONDS = re.compile(rf"replicated_deduplication_window_seconds = {WINDOW_S}(?:,\s*|$)|,\s*" +
                      rf"replicated_deduplication_window_seconds = {WINDOW_S}\b")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster that the tables of a database are on."""

    name: str
    database: str
    sharded: bool = False
    """Whether its tables of facts and rollups are spread over shards, see shards.py."""

    @classmethod
    def of(cls, settings: ClickHouseSettings) -> Cluster | None:
        return None if settings.cluster is None else cls(settings.cluster, settings.database, settings.sharded)

    @property
    def everywhere(self) -> str:
        return f" ON CLUSTER '{self.name}'"

    def engine(self, table: str, engine: str) -> str:
        """The replicated engine of a table, up to the arguments that it has as a plain one."""
        where = f"{self.database}/{table}"
        # On shards whatever is not spread over them is whole on each, tables of the user's own too.
        if not table_is_local(table) if self.sharded else table.partition("__new")[0] in SHARED:
            return f"Replicated{engine}('/clickhouse/books/{where}', '{{shard}}-{{replica}}'"
        return f"Replicated{engine}('/clickhouse/tables/{{shard}}/{where}', '{{replica}}'"


def clustered(statement: str, cluster: Cluster | None) -> str:
    """The statement for every server of the cluster. One that is none of the cluster's business stays as it is."""
    if cluster is None or not _CHANGES.match(statement):
        return statement
    bare = without_texts(statement)
    if ON_CLUSTER.search(bare):
        return statement
    if (match := CREATE.match(bare)) is not None:
        return _create(statement, match, cluster)
    if (match := _DROP.match(bare)) is not None:
        words = "" if match["if"] else "IF EXISTS "
        return _spliced(statement, (match.end("kind") + 1, words), (match.end(), cluster.everywhere))
    if (match := _ALTER.match(bare)) is not None:
        return _alter(statement, match, cluster)
    if (match := _AFTER.match(bare)) is not None:
        return _spliced(statement, (match.end(), cluster.everywhere))
    return statement


def table_is_local(name: str) -> bool:
    """Whether a table holds a shard's own rows: no table of the models is called like that."""
    return name.endswith(LOCAL)


def here(statement: str, settings: ClickHouseSettings) -> str:
    """A statement that is for the server alone on which it runs, such as one on a table that is gone in a moment."""
    return statement if settings.cluster is None else f"{HERE}{statement}"


def on_tables_beside(statement: str, settings: ClickHouseSettings) -> str:
    """A statement on a table that stands beside one of the models' for a moment: on shards on each, elsewhere here."""
    return statement.removeprefix(HERE) if settings.on_shards else here(statement.removeprefix(HERE), settings)


def like(create: str, name: str) -> str:
    """What makes, on this server only, an empty table like the one that `create` makes."""
    match = CREATE.match(without_texts(create))
    if match is None:
        raise ValueError(f"a CREATE TABLE was expected, not: {create[:80]}")
    return f"{HERE}CREATE TABLE {quote_name(name)}{plain(create[match.end() :])}"


def plain(text: str) -> str:
    """The engine's words on a replicated table, as it would say them of a table that is not."""
    if "Replicated" not in text:
        return text
    text = _REPLICATED.sub(lambda found: f"{found['engine']}(", text)
    return _SECONDS.sub("", _REPLICATED_WINDOW.sub("non_replicated_deduplication_window = ", _EMPTY.sub(r"\1", text)))


def _create(statement: str, match: re.Match[str], cluster: Cluster) -> str:
    words = "" if match["if"] or match["replace"] else "IF NOT EXISTS "
    start = match.end("kind") + 1
    name = match["name"].strip('`"')
    made = _spliced(statement, (start, words), (match.end(), cluster.everywhere))
    if match["kind"].upper() == "DATABASE":
        return f"{made} ENGINE = Atomic"
    engine = _ENGINE.search(without_texts(made))
    if engine is None or engine["engine"].startswith(("Replicated", "Shared")):
        return made
    if name.removesuffix(LOCAL).endswith("__new"):
        # It will take the name of the table that it is rebuilt from, but not that one's place in Keeper.
        name += f"_{hashlib.sha256(statement.encode()).hexdigest()[:8]}"
    text = cluster.engine(name, engine["engine"])
    empty = engine["arguments"] is None or without_texts(made)[engine.end() :].lstrip().startswith(")")
    text += ("" if empty else ", ") if engine["arguments"] else ")"
    return _windows(made[: engine.start("engine")] + text + made[engine.end() :])


def _alter(statement: str, match: re.Match[str], cluster: Cluster) -> str:
    changed = _windows(statement)
    # Any replica of a shared table changes it for all; comments and settings are each replica's own.
    if match["name"].strip('`"') in SHARED | {CLAIMS} and not _LOCAL_ALTER.search(without_texts(statement)):
        return changed
    return _spliced(changed, (match.end(), cluster.everywhere))


def _windows(statement: str) -> str:
    """A table's memory of its blocks by the settings that replicated tables have for it."""
    found = _WINDOW.search(without_texts(statement))
    if found is None:
        return statement
    value = found["value"] or ""
    seconds = f"{value and f' = {WINDOW_S}'}"
    words = f"replicated_deduplication_window{value}, replicated_deduplication_window_seconds{seconds}"
    return statement[: found.start()] + words + statement[found.end() :]


def without_texts(statement: str) -> str:
    """The statement with its texts blanked, every other character at its place."""
    return _QUOTED.sub(lambda found: f"'{'_' * (len(found[0]) - 2)}'", statement)


def _spliced(statement: str, *parts: tuple[int, str]) -> str:
    for at, words in sorted(parts, reverse=True):
        statement = statement[:at] + words + statement[at:]
    return statement
