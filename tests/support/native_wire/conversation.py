"""One client's connection, from hello to the end of its last statement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, TypeVar

from tests.support.native_wire import packets
from tests.support.native_wire.blocks import Block, read_blocks, write_block
from tests.support.native_wire.columns import UnreadableTypeError
from tests.support.native_wire.engine import EngineError, Piece, Session, Stream
from tests.support.native_wire.faults import Phase, RefusedError
from tests.support.native_wire.line import CancelledError, Line
from tests.support.native_wire.primitives import varint
from tests.support.native_wire.statements import Insert, Statement, name, read_statement, unquote

if TYPE_CHECKING:
    from tests.support.native_wire.server import Server

T = TypeVar("T")
LOGICAL_ERROR = 49
# What a server answers to ON CLUSTER: a row for each server that is done. Errors of the others come after it.
_HOSTS = (
    "SELECT 'localhost' AS host, toUInt16(9000) AS port, toInt64(0) AS status, '' AS error, "
    "toUInt64(0) AS num_hosts_remaining, toUInt64(0) AS num_hosts_active"
)
_OF_SERVERS = {"interactive_delay", "queue_max_wait_ms"}
# What another server sends along and chDB does not take, or takes for an order to itself.
_NOT_HERE = {
    *("dialect", "interactive_delay", "queue_max_wait_ms", "skip_unavailable_shards_mode", "run_query_in_background"),
    *("storage_file_read_method", "serialize_query_plan", "readonly", "implicit_select"),
}


class Conversation:
    def __init__(self, server: Server, line: Line, number: int) -> None:
        self._server, self._line, self._number = server, line, number
        self._opened: Session | None = None
        self._side: Session | None = None
        self._query = packets.Query("", "", compressed=False)
        self._count = 0
        self._unread = False  # the client may be sending blocks that nobody waits for any more

    # -- what faults and the server see

    @property
    def sql(self) -> str:
        return self._query.sql

    def cut(self) -> None:
        self._line.cut()

    def hang_up(self) -> None:
        self._line.hang_up()

    def client_left(self) -> bool:
        return self._line.client_left()

    def restart_engine(self) -> None:
        self._server.restart_engine_soon()

    def _at(self, phase: Phase) -> None:
        self._server.faults.at(phase, self)

    # -- the conversation

    def run(self) -> None:
        try:
            self._at("accept")
            if self._server.tls is not None:
                self._line.secure(self._server.tls)
            if self._hello():
                while self._next_packet():
                    pass
        except (OSError, EOFError, RefusedError):
            pass  # the client left, or was made to: nobody is there to be told
        finally:
            # First of all, because closing a session may wait for the engine, or fail: a client must not wait with it.
            self._line.hang_up()
            for session in (self._opened, self._side):
                if session is not None:
                    self._line.work(session.close)
            self._line.close()

    def _hello(self) -> bool:
        line, server = self._line, self._server
        if line.next_kind() != packets.CLIENT_HELLO:
            return False
        hello = packets.read_hello(line.reader)
        try:
            self._at("hello")
            if (hello.user, hello.password) != (server.user, server.password):
                why = "Authentication failed: password is incorrect, or there is no user with such name."
                raise EngineError(516, f"{hello.user}: {why} (AUTHENTICATION_FAILED)")
            self._opened = line.work(server.engine.session)
            if hello.database:
                self._opened_on(name(hello.database))
        except (EngineError, RefusedError) as error:
            line.send(packets.exception(error.code, str(error)))
            return False
        line.revision = min(server.revision, hello.revision)
        line.send(packets.hello(server.version, server.revision))
        if line.revision >= packets.ADDENDUM:
            line.reader.string()  # quota key
        return True

    def _opened_on(self, database: str) -> None:
        self._line.work(lambda: self._session.use(database))

    @property
    def _session(self) -> Session:
        assert self._opened is not None
        return self._opened

    def _next_packet(self) -> bool:
        kind = self._line.next_kind()
        if kind == packets.CLIENT_PING:
            self._line.send(varint(packets.SERVER_PONG))
        elif kind == packets.CLIENT_QUERY:
            self._query = packets.read_query(self._line.reader, self._line.revision)
            self._answer()
        elif kind == packets.CLIENT_TABLES_STATUS:
            self._line.send(packets.tables_status(self._line.reader))
        elif kind not in (
            packets.CLIENT_CANCEL,
            packets.CLIENT_KEEP_ALIVE,
        ):  # a Cancel that came too late means nothing
            return False
        return True

    def _answer(self) -> None:
        self._count += 1
        self._unread = False
        method = self._query.settings.get("network_compression_method", "lz4").lower()
        self._line.compression = method if self._query.compressed else None
        ending = varint(packets.SERVER_END)
        try:
            self._take_external_tables()
            self._at("query_received")
            with self._server.running(self._query.query_id, self._tag):
                # A shard that reads or fills its own table is asked by another server, or has no need of others.
                as_it_is = bool(self._query.settings.keys() & _OF_SERVERS) or self._each_its_own
                sql = self._server.translated(self._query.sql, self._session.database, as_it_is)
                self._execute(read_statement(sql))
            self._at("before_end_of_stream")
        except CancelledError:
            self._unread = False  # answered with the end of the stream, as a server does
        except (EngineError, RefusedError) as error:
            ending = packets.exception(error.code, str(error).replace(f"\n{self._tag}", ""))
        except UnreadableTypeError as error:
            ending = packets.exception(50, f"{error}. (UNKNOWN_TYPE)")
        except OSError:
            raise
        except Exception as error:
            # A bug of the wire's: its client is told, and the thread ends with the traceback on standard error.
            self._line.send(packets.exception(LOGICAL_ERROR, f"The test wire: {type(error).__name__}: {error}."))
            raise
        self._line.send(ending)
        if self._unread:
            self._read_to_end_of_data()

    @property
    def _each_its_own(self) -> bool:
        """Whether an INSERT … SELECT between tables of all shards is each shard's own."""
        inserts = self._query.sql.lstrip().upper().startswith("INSERT")
        return inserts and self._query.settings.get("parallel_distributed_insert_select") == "2"

    @property
    def _tag(self) -> str:
        """A comment at the end of every statement, by which it is found among the engine's processes."""
        return f"/*native wire {self._number}.{self._count}*/"

    def _take_external_tables(self) -> None:
        """After a query come external tables, and an empty block as their end.

        Another server sends its own (GLOBAL IN), and scalars, which it has put into the query as well.
        """
        while (block := self._line.receive_block()).columns or self._line.of_scalar:
            if self._line.of_scalar:
                continue
            if not self._line.of_table.startswith("_data_"):
                self._read_to_end_of_data()
                raise EngineError(48, "External tables are not supported by the test wire. (NOT_IMPLEMENTED)")
            self._keep_external(self._line.of_table, block)

    def _keep_external(self, name: str, block: Block) -> None:
        columns = ", ".join(f"`{column.name}` {column.type}" for column in block.columns)
        make = f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({columns}) ENGINE = Memory"
        self._line.work(lambda: self._session.run(make))
        if block.rows:
            with TemporaryFile() as file:
                file.write(write_block(block, flags=False))
                file.flush()
                file.seek(0)
                fill = f"INSERT INTO {name} FROM INFILE '/dev/fd/{file.fileno()}' FORMAT Native"
                self._line.work(lambda: self._session.run(fill))

    def _read_to_end_of_data(self) -> None:
        while self._line.receive_block().columns:
            pass

    # -- statements

    def _wait(self, job: Callable[[], T]) -> T:
        return self._line.wait(job, lambda: self._server.engine.kill(self._tag))

    def _execute(self, statement: Statement) -> None:
        if statement.into_outfile:
            raise EngineError(358, "INTO OUTFILE is not allowed. (INTO_OUTFILE_NOT_ALLOWED)")
        query, session = self._query, self._session
        if query.settings.keys() & _OF_SERVERS:  # another server's: it sends all that its own session has
            query = replace(query, settings={k: v for k, v in query.settings.items() if k not in _NOT_HERE})
        if not session.has_applied(query.settings, important=query.important):
            self._line.work(lambda: session.apply(query.settings, important=query.important))
        if statement.insert is not None:
            self._insert(statement.insert)
        else:
            self._read(statement)

    def _read(self, statement: Statement) -> None:
        parameters = {key: unquote(value) for key, value in self._query.parameters.items()}
        # chDB reads rows as text up to the end, where a comment would be one of them: those go without a tag.
        sql = statement.sql if statement.holds_rows else f"{statement.sql}\n{self._tag}"
        try:
            stream = self._wait(lambda: self._session.stream(sql, parameters))
            if stream is not None:
                self._stream(statement, stream, parameters)
        finally:
            if self._session.streaming is not None and not self._session.streaming.ended:
                self._line.work(self._session.stop)
        if stream is None:
            self._run(statement, sql, parameters)

    def _stream(self, statement: Statement, stream: Stream, parameters: dict[str, str]) -> None:
        result = _Result(self)
        types: list[str] = []
        part = stream.first
        while part is not None:
            for block in read_blocks(part.data):
                types = types or self._full_types(block, statement.sql, parameters)
                result.send(block.with_types(types))
            result.report(part)
            part = self._wait(stream.fetch)
        if not types:  # the engine writes nothing at all for no rows
            described = self._describe(f"({statement.sql}\n)", parameters)
            result.send(Block.of([(column["name"], column["type"]) for column in described]))
        result.end()

    def _full_types(self, block: Block, sql: str, parameters: dict[str, str]) -> list[str]:
        """The types of a result: the engine's Native drops the zone of DateTime('UTC'), DESCRIBE knows it."""
        if "DateTime" not in block.types:
            return block.types
        with suppress(EngineError):  # such as a temporary table, which the side session does not see
            described = self._line.work(lambda: self._side_session().describe(f"({sql}\n)", parameters))
            full = [column["type"] for column in described]
            pairs = zip(block.types, full, strict=True)
            return [new if old == "DateTime" and new.startswith("DateTime(") else old for old, new in pairs]
        return block.types

    def _describe(self, what: str, parameters: dict[str, str]) -> list[dict[str, str]]:
        """In the statement's own session, unless its limits (rows of a result and the like) forbid it there."""
        try:
            return self._line.work(lambda: self._session.describe(what, parameters))
        except EngineError:
            with suppress(EngineError):
                return self._line.work(lambda: self._side_session().describe(what, parameters))
            raise

    def _described(self, source: str) -> list[dict[str, str]]:
        """What a server knows of its table without asking itself, and so without the statement's limit of time."""
        with suppress(EngineError):  # such as a temporary table, which the side session does not see
            return self._line.work(lambda: self._side_session().describe(source))
        return self._line.work(lambda: self._session.describe(source))

    def _side_session(self) -> Session:
        """Another session on the same database: asking the main one would end the stream that it has open."""
        if self._side is None:
            self._side = self._server.engine.session()
        if self._side.database != self._session.database:
            self._side.use(self._session.database or "default")
        return self._side

    def _run(self, statement: Statement, sql: str, parameters: dict[str, str]) -> None:
        """Everything that the engine does not stream: DDL, SHOW, INSERT … SELECT, KILL and so on."""
        done = self._wait(lambda: self._session.run(sql, parameters))
        self._session.note(database=statement.database, set_statement=statement.keyword == "SET")
        result = _Result(self)
        for block in read_blocks(done.data):
            result.send(block)
        if self._server.poses_as_cluster_in(self._query.sql):
            self._wait(lambda: self._server.tell_peers(self._query.sql, self._session.database))
            for block in read_blocks(self._line.work(lambda: self._session.run(_HOSTS)).data):
                result.send(block)
        if not done.data and statement.shows:
            result.send(Block.of(self._line.work(lambda: self._session.header(statement.sql))))
        result.report(done)
        result.end()

    # -- inserts whose rows follow as blocks

    def _insert(self, insert: Insert) -> None:
        sample = self._sample(insert)
        self._line.work(lambda: self._session.check_insert(insert.head))
        self._at("before_sample_block")
        self._line.send_block(sample)
        with TemporaryFile() as file:  # without a name, so that a killed process leaves nothing behind
            self._receive_rows(file)
            self._at("before_engine_insert")
            sql = insert.from_file(f"/dev/fd/{file.fileno()}")
            done = self._wait(lambda: self._session.run(f"{sql}\n{self._tag}"))
        self._at("after_engine_insert")
        self._line.send_profile_events()
        self._line.send(packets.progress(written=(done.rows_written, done.bytes_written)))

    def _receive_rows(self, file: IO[bytes]) -> None:
        """The client's blocks. Newer clients wait for an answer to each of them."""
        self._unread = True
        while (block := self._line.receive_block()).columns:
            self._at("data_block_received")
            file.write(write_block(block, flags=False))
            self._line.send_profile_events()
        self._unread = False
        file.seek(0)

    def _sample(self, insert: Insert) -> Block:
        """Names and types of the columns that an INSERT is about to fill."""
        source = f"(SELECT {insert.columns} FROM {insert.table})" if insert.expands else insert.table
        columns = {column["name"]: column for column in self._described(source)}
        if insert.names is None:
            wanted = [key for key, column in columns.items() if column["default_type"] in ("", "DEFAULT")]
        else:
            wanted = insert.names
        for key in wanted:
            if key not in columns:
                raise EngineError(16, f"No such column {key} in table {insert.table}. (NO_SUCH_COLUMN_IN_TABLE)")
        return Block.of([(key, columns[key]["type"]) for key in wanted])


class _Result:
    """What goes back to the client for a statement, and the sums that end it."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._line = conversation._line
        self._rows = self._blocks = self._bytes = 0
        self._begun = False

    def send(self, block: Block) -> None:
        """Clients take names and types from the first block if that has no rows."""
        self._conversation._at("before_result_block")
        if not self._begun:
            self._line.send_block(block.header())
            self._begun = True
        if block.rows:
            self._line.send_block(block)
            self._rows += block.rows
            self._blocks += 1
            self._bytes += sum(len(column.body) for column in block.columns)

    def report(self, part: Piece) -> None:
        read, written = (part.rows_read, part.bytes_read), (part.rows_written, part.bytes_written)
        if any(read + written):
            self._line.send(packets.progress(read=read, written=written))

    def end(self) -> None:
        self._line.send(packets.profile(self._rows, self._blocks, self._bytes))
