"""What the text of a statement shows without parsing it: enough to route it as a server would."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.|'')*') | (?P<name>`(?:[^`\\]|\\.)*` | "(?:[^"\\]|\\.)*")
        | (?P<comment>--[^\n]* | /\*.*?\*/) | (?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)""",
    re.VERBOSE | re.DOTALL,
)
_INSERT = re.compile(
    r"""\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?P<table>[\w.`"]+)\s*(?P<columns>\([^()]*(?:\([^()]*\)[^()]*)*\))?
        (?P<settings>\s*SETTINGS\s.*?)?\s*(?:VALUES|FORMAT\s+\w+)\s*;?\s*$""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_INLINE_ROWS = re.compile(r"\b(?:VALUES|FORMAT)\b", re.IGNORECASE)
_FORMAT = re.compile(r"\s+FORMAT\s+\w+\s*$", re.IGNORECASE)
_OUTFILE = re.compile(r"\bINTO\s+OUTFILE\b", re.IGNORECASE)
_USE = re.compile(r"\s*USE\s+(?P<database>.+?)\s*$", re.IGNORECASE | re.DOTALL)
_ERROR = re.compile(r"Code: (\d+)\. (.*)", re.DOTALL)
_SHOWS = ("SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK")


def mask(sql: str) -> str:
    """The text, as long as it was, with comments blanked, strings and quoted names filled with `x`."""

    def blank(match: re.Match[str]) -> str:
        filling = "x" * (len(match.group()) - 2)
        if match.lastgroup == "comment":
            return " " * len(match.group())
        return f"`{filling}`" if match.lastgroup == "name" else f"'{filling}'"

    return _QUOTED.sub(blank, sql)


def replace_call(sql: str, call: str, value: str) -> str:
    """Put `value` where `call` stands outside strings and comments."""
    for match in reversed(list(re.finditer(rf"\b{re.escape(call)}", mask(sql), re.IGNORECASE))):
        sql = sql[: match.start()] + value + sql[match.end() :]
    return sql


def of_one_server(sql: str, replicated: bool = False) -> str:
    """What a statement of a cluster does on a server that is alone and has no replicas.

    chDB has neither ON CLUSTER nor a port for other replicas. DDL that is not for the whole cluster, and does not say
    that it is for one server, is refused: on a cluster it would be a mistake. `replicated`: tables keep their engines,
    so that each server makes its replica of them, and nothing but that can be done with them.
    """
    if replicated and (change := _SETTING.match(sql)) is not None:  # all that is known of it is where it would fail
        return f"SELECT throwIf(count() = 0, 'Table does not exist') FROM system.tables WHERE name = '{change['name']}'"
    if sql.lstrip().upper().startswith(("SELECT", "WITH")):
        return sql if replicated else replace_call(sql, "system.tables", _POSING)
    if not _DDL.match(sql) or sql.startswith("/* on this server only */"):
        return sql
    where = _ON_CLUSTER.search(mask(sql))
    if where is None and _MAKES.match(sql):
        return "SELECT throwIf(1, 'This DDL reaches one server of the cluster only')"
    if where is not None and _OF_KEEPER.match(sql):
        return "SELECT throwIf(1, 'A change in Keeper is one server''s: on all of them it would be made many times')"
    if where is not None:
        sql = sql[: where.start()] + sql[where.end() :]
    if sql.startswith("SYSTEM SYNC REPLICA"):
        return "SELECT 1"
    if replicated:
        return sql
    sql = _REPLICATED.sub(lambda found: f"{found[1]}(", sql)
    sql = re.sub(r"\breplicated_deduplication_window\b", "non_replicated_deduplication_window", sql)
    return re.sub(r", replicated_deduplication_window_seconds( = \d+)?", "", sql)


def reaches_all(sql: str) -> bool:
    return _DDL.match(sql) is not None and _ON_CLUSTER.search(mask(sql)) is not None


_POSING = (
    "(SELECT * REPLACE (if(endsWith(engine, 'MergeTree') AND position(database, '__scratch_') = 0, "
    "concat('Replicated', engine), engine) AS engine) FROM system.tables)"
)
_DDL = re.compile(r"\s*(CREATE|DROP|ALTER|RENAME|EXCHANGE|TRUNCATE|OPTIMIZE|SYSTEM|BACKUP|RESTORE)\s", re.IGNORECASE)
_MAKES = re.compile(r"\s*(CREATE|DROP|RENAME|EXCHANGE)\s+(TABLE|MATERIALIZED|VIEW|DATABASE)", re.IGNORECASE)
_OF_KEEPER = re.compile(r"\s*ALTER\s+TABLE\s+`?(muse_claims|insert_ledger)\b.*(UPDATE|DELETE)", re.I | re.S)
_SETTING = re.compile(
    r"(?:/\* on this server only \*/ )?ALTER\s+TABLE\s+`?(?P<name>\w+)`?\s.*MODIFY\s+SETTING\s",
    re.IGNORECASE | re.DOTALL,
)
_ON_CLUSTER = re.compile(r"\s+ON\s+CLUSTER\s+'[^']*'", re.IGNORECASE)
_REPLICATED = re.compile(r"\bReplicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?")


@dataclass(frozen=True)
class Insert:
    """An INSERT whose rows follow as blocks."""

    table: str
    columns: str | None
    settings: str

    @property
    def head(self) -> str:
        return f"INSERT INTO {self.table}" + (f" ({self.columns})" if self.columns else "")

    def from_file(self, path: str) -> str:
        """The same statement with its rows in a file."""
        return f"{self.head} FROM INFILE {literal(path)} {self.settings} FORMAT Native"

    @property
    def expands(self) -> bool:
        """The list is something like `* EXCEPT (a)`, which is for the engine to expand."""
        return self.columns is not None and "*" in self.columns

    @property
    def names(self) -> list[str] | None:
        """The columns listed, or None when the engine has to say them."""
        if self.columns is None or self.expands:
            return None
        parts = (part.strip() for part in self.columns.split(","))
        return [part[1:-1] if part[:1] in '`"' else part for part in parts if part]


@dataclass(frozen=True)
class Statement:
    """A statement without trailing semicolon and FORMAT clause: over the native protocol the client formats."""

    sql: str
    keyword: str
    insert: Insert | None
    into_outfile: bool
    holds_rows: bool  # an INSERT with its rows written out

    @property
    def shows(self) -> bool:
        """It reads and has a result, but the engine does not stream it."""
        return self.keyword in _SHOWS

    @property
    def database(self) -> str | None:
        """What a USE statement changes to, as written."""
        match = _USE.match(self.sql) if self.keyword == "USE" else None
        return match["database"] if match else None


def read_statement(text: str) -> Statement:
    masked = mask(text).rstrip().removesuffix(";").rstrip()
    words = re.findall(r"\w+", masked[:2000])
    keyword = words[0].upper() if words else ""
    insert = _read_insert(text, masked) if keyword == "INSERT" else None
    if keyword != "INSERT":
        masked = _FORMAT.sub("", masked)
    outfile = keyword != "INSERT" and bool(_OUTFILE.search(masked))
    holds_rows = keyword == "INSERT" and insert is None and bool(_INLINE_ROWS.search(masked))
    return Statement(text[: len(masked)], keyword, insert, outfile, holds_rows)


def _read_insert(text: str, masked: str) -> Insert | None:
    match = _INSERT.match(masked)
    if match is None:
        return None
    columns = text[slice(*match.span("columns"))][1:-1] if match["columns"] else None
    settings = text[slice(*match.span("settings"))].strip() if match["settings"] else ""
    return Insert(text[slice(*match.span("table"))], columns, settings)


def read_error(text: str) -> tuple[int, str]:
    """Code and message of an engine's error text; 1002 is the engine's own code for an error without one."""
    match = _ERROR.search(text)
    return (int(match[1]), match[2]) if match else (1002, text)


def literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def name(value: str) -> str:
    return "`" + value.replace("\\", "\\\\").replace("`", "\\`") + "`"


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "a": "\a", "v": "\v"}


def unquote(text: str) -> str:
    """The value of a bound parameter: clients send it as a quoted literal."""
    if len(text) < 2 or text[0] != "'" or text[-1] != "'":
        return text
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1], flags=re.DOTALL)
