"""Packets: what client and server say to each other, up to revision 54459."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.native_wire.primitives import Reader, string, uint, varint

# The first revision whose queries carry bound parameters. Packets of newer ones differ, so none is offered.
REVISION = 54459
START_TIME, PARALLEL_REPLICAS, SERIALIZATION_FLAGS = 54449, 54453, 54454
PROFILE_EVENTS, ADDENDUM, PARAMETERS = 54456, 54458, 54459

CLIENT_HELLO, CLIENT_QUERY, CLIENT_DATA, CLIENT_CANCEL, CLIENT_PING = range(5)
# What another server asks and sends for its Distributed tables.
CLIENT_TABLES_STATUS, CLIENT_KEEP_ALIVE, CLIENT_SCALAR = 5, 6, 7
SERVER_HELLO, SERVER_DATA, SERVER_EXCEPTION, SERVER_PROGRESS, SERVER_PONG, SERVER_END, SERVER_PROFILE = range(7)
SERVER_TABLES_STATUS, SERVER_PROFILE_EVENTS = 9, 14

PROFILE_EVENT_COLUMNS = [
    ("host_name", "String"),
    ("current_time", "DateTime"),
    ("thread_id", "UInt64"),
    ("type", "Enum8('increment' = 1, 'gauge' = 2)"),
    ("name", "String"),
    ("value", "Int64"),
]
IMPORTANT_SETTING = 1
_TCP = 1


@dataclass(frozen=True)
class Hello:
    revision: int
    database: str
    user: str
    password: str


@dataclass(frozen=True)
class Query:
    query_id: str
    sql: str
    compressed: bool
    settings: dict[str, str] = field(default_factory=dict)
    important: bool = False
    parameters: dict[str, str] = field(default_factory=dict)


def read_hello(reader: Reader) -> Hello:
    reader.string()  # the client's name
    reader.varint(), reader.varint()  # and version
    return Hello(reader.varint(), reader.string(), reader.string(), reader.string())


def hello(version: tuple[int, int, int], revision: int) -> bytes:
    major, minor, patch = version
    parts = [varint(SERVER_HELLO), string("ClickHouse"), varint(major), varint(minor), varint(revision)]
    return b"".join([*parts, string("UTC"), string("native-wire"), varint(patch)])


def read_query(reader: Reader, revision: int) -> Query:
    query_id = reader.string()
    _skip_client_info(reader, revision)
    settings, important = _read_settings(reader)
    reader.string()  # the secret between servers
    reader.varint()  # the stage up to which to process: clients ask for all of it
    compressed = bool(reader.varint())
    sql = reader.string()
    parameters = _read_settings(reader)[0] if revision >= PARAMETERS else {}
    return Query(query_id, sql, compressed, settings, important, parameters)


def _skip_client_info(reader: Reader, revision: int) -> None:
    if not reader.uint(1):
        return
    for _ in ("user", "query id", "address"):
        reader.string()
    reader.skip(8 if revision >= START_TIME else 0)
    of_tcp = reader.uint(1) == _TCP
    if of_tcp:  # another server's query came to that one by an interface of its own
        for _ in ("operating system user", "host", "client"):
            reader.string()
        for _ in ("major", "minor", "revision"):
            reader.varint()
    reader.string()  # quota key
    reader.varint()  # distributed depth
    if of_tcp:
        reader.varint()  # patch
    if reader.uint(1):  # a trace: 16 + 8 bytes of ids, its state, its flags
        reader.skip(24)
        reader.string()
        reader.skip(1)
    for _ in range(3 if revision >= PARALLEL_REPLICAS else 0):
        reader.varint()


def _read_settings(reader: Reader) -> tuple[dict[str, str], bool]:
    """Settings as strings with flags, and whether one of them must be known to the server."""
    settings, important = {}, False
    while name := reader.string():
        important |= bool(reader.varint() & IMPORTANT_SETTING)
        settings[name] = reader.string()
    return settings, important


def tables_status(reader: Reader) -> bytes:
    """The answer to a server that asks after tables: none of them is a replica, so none lags."""
    names = [(reader.string(), reader.string()) for _ in range(reader.varint())]
    told = b"".join(string(database) + string(table) + b"\0" for database, table in names)
    return varint(SERVER_TABLES_STATUS) + varint(len(names)) + told


def exception(code: int, message: str) -> bytes:
    """As a server without stack traces sends it; clients expect the name in front of the message."""
    text = message if message.startswith("DB::Exception") else f"DB::Exception: {message}"
    parts = [varint(SERVER_EXCEPTION), uint(code, 4), string("DB::Exception"), string(text)]
    return b"".join([*parts, string("<stack trace not available>"), b"\0"])


def progress(*, read: tuple[int, int] = (0, 0), written: tuple[int, int] = (0, 0)) -> bytes:
    """Rows and bytes since the last progress packet."""
    return b"".join(map(varint, (SERVER_PROGRESS, *read, 0, *written)))


def profile(rows: int, blocks: int, size: int) -> bytes:
    return b"".join(map(varint, (SERVER_PROFILE, rows, blocks, size))) + b"\0\0\0"


BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # no overflows, no bucket


def skip_block_info(reader: Reader) -> None:
    while number := reader.varint():
        reader.skip(1 if number == 1 else 4)
