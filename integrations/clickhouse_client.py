"""`ClickHouseClient`: the one set of operations on the store, for the tools, the commands and Python callers alike."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import ClauseElement

from chimera_metrics.integrations import config
from chimera_metrics.integrations.answers.exporting import Export
from chimera_metrics.integrations.answers.parameters import bind
from chimera_metrics.integrations.answers.shaping import shape, stored_text
from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.clickhouse.dbapi import TEXT_SETTINGS
from chimera_metrics.integrations.clickhouse.executor import LARGEST_ANSWER, Executor
from chimera_metrics.integrations.clickhouse.local_parser import LocalParser
from chimera_metrics.integrations.clickhouse.retries import read_policy_of, repeat
from chimera_metrics.integrations.clickhouse.statements import Cancellation, Limits, Tracer
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import InvalidInput, MuseError, SchemaMismatch
from chimera_metrics.integrations.guard.judging import Guard, Rules
from chimera_metrics.integrations.guard.verdicts import Verdict
from chimera_metrics.integrations.operations.datadog import both, figures
from chimera_metrics.integrations.questions.estimating import add_bytes, is_estimate
from chimera_metrics.integrations.questions.methods import Questions
from chimera_metrics.integrations.results import DescribeResult, HealthResult, InsertResult, QueryResult, Result
from chimera_metrics.integrations.writing.methods import InsertMany, InsertOne
from chimera_metrics.models import AuditEntry

if TYPE_CHECKING:
    from chimera_metrics.integrations.writing.arguments import OnInvalid
    from chimera_metrics.integrations.writing.prepared import Prepare
    from chimera_metrics.integrations.writing.quarantine import Quarantine, QuarantinedBatch
    from chimera_metrics.integrations.writing.writer import Writer

# Rows of an answer that is read in one piece.
_SHORT = 1_000
DEFAULT_ROWS = 200
AUDIT = AuditEntry.__tablename__


def _positive(name: str, value: int | None) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise InvalidInput(f"{name} is {value!r}, but takes a whole number above 0.")
    return value


class ClickHouseClient(Questions):
    """All operations on one store. Thread-safe; opens nothing before the first call; close it, or use it in a `with`.

    `ClickHouseClient()` takes its settings from the environment. Its first write makes an embedded store that is new
    or old ready for it; a server's schema is for `muse upgrade`.
    """

    def __init__(
        self,
        settings: ClickHouseSettings | None = None,
        muse: MuseSettings | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.settings = settings if settings is not None else config.load().clickhouse
        self.muse = muse if muse is not None else config.parse(MuseSettings)
        self.sizes = []
        self.known = {}
        self._figures = figures(self.settings, self.muse)
        self.tracer = both(tracer, self._figures.traced if self._figures else None)
        self.executor = Executor(self.settings, tracer=self.tracer)
        if self._figures is not None:
            self._figures.watch(self.executor.engine)
        rules = Rules(database=self.settings.database)
        audit_rules = replace(rules, tables=rules.tables | {AUDIT}, hidden=rules.hidden - {AUDIT})
        self._parser = None if self.settings.embedded else LocalParser(self.settings)
        self._guard = Guard(self._explain, rules, parser=self._parser)
        self._audit_guard = Guard(self._explain, audit_rules, parser=self._parser)
        self._writer: Writer | None = None
        self._writer_lock = threading.Lock()
        self._schema_known = False
        self._schema_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.settings.in_words}>"

    def __enter__(self) -> ClickHouseClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections; an embedded store is let go."""
        self.executor.close()
        if self._parser is not None:
            self._parser.close()
        if self._figures is not None:
            self._figures.close()

    @property
    def writer(self) -> Writer:
        """What stores rows, made for the first that does: whoever only reads need not load it."""
        with self._writer_lock:
            if self._writer is None:
                from chimera_metrics.integrations.writing.quarantine import Quarantine, quarantine_folder
                from chimera_metrics.integrations.writing.writer import Writer

                kept = Quarantine(quarantine_folder(self.settings))
                self._writer = Writer(self.executor, self.settings.retry_attempts, self.muse.masking, kept)
            return self._writer

    @property
    def quarantine(self) -> Quarantine:
        """The batches that are kept because they could not be stored."""
        return self.writer.quarantine

    # -- reading ---------------------------------------------------------------------------------------------------

    def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        max_rows: int = DEFAULT_ROWS,
        timeout_s: float | None = None,
        cancellation: Cancellation | None = None,
        export: Export | None = None,
        max_bytes: int | None = None,
    ) -> QueryResult:
        """Runs a reader's SQL behind both guards; at most `max_rows` rows, as JSON keeps them.

        With `export` all rows go to its file, and the answer shows the first. A statement that would read more than
        `max_bytes` (uncompressed, as `bytes_read` counts) is refused.

        Raises StatementRefused (the statement is more than a read), InvalidInput, StatementFailed, StatementTimeout.
        """
        if not isinstance(max_rows, int) or not 1 <= max_rows <= self.muse.max_rows:
            raise InvalidInput(f"max_rows is {max_rows!r}, but takes 1 to {self.muse.max_rows} (MUSE_MAX_ROWS).")
        most_s = self.settings.timeout
        if timeout_s is not None and not (isinstance(timeout_s, int | float) and 0 < timeout_s <= most_s):
            shown = f"{timeout_s:g}" if isinstance(timeout_s, float) else repr(timeout_s)
            raise InvalidInput(f"timeout_s is {shown}, but takes a number above 0 and at most {most_s:g} (CH_TIMEOUT).")
        serves = call.current()
        guard = self._audit_guard if serves is not None and serves.reads_audit else self._guard
        verdict = guard.check(bind(sql, parameters or {}))
        # The engine's own limit of rows costs 0.2 ms, and EXPLAIN shows it: not where no more is answered anyway.
        most = verdict.most_rows
        few = verdict.kind != "select" or (most is not None and most <= max_rows)
        short = most is not None and most <= _SHORT
        limits = self.executor.limits(timeout_s, None if few else max_rows, LARGEST_ANSWER, short)
        if export is not None:
            limits = self.executor.limits(timeout_s)
        limits = replace(limits.within(verdict.weight), most_read=_positive("max_bytes", max_bytes))
        session = {**TEXT_SETTINGS, **verdict.session()}

        def read() -> QueryResult:
            with self.executor.open(verdict.statement, limits, cancellation, session=session) as running:
                if export is not None:
                    export.write(running.columns, running.blocks())
                    return export.answer(running, max_rows, self.muse.max_result_bytes)
                return shape(running, max_rows, self.muse.max_result_bytes, self.muse.max_rows)

        answer = repeat(read, self.settings.retry_attempts, policy=read_policy_of)
        self._complete(answer, verdict, limits, session, cancellation)
        return answer

    def _complete(
        self,
        answer: QueryResult,
        verdict: Verdict,
        limits: Limits,
        session: Mapping[str, Any],
        cancellation: Cancellation | None,
    ) -> None:
        """What is said beside the rows."""
        if is_estimate(verdict):
            add_bytes(self, answer, verdict, limits, session, cancellation)
        if verdict.tables and verdict.kind == "select":
            answer["notes"].extend(stored_text(answer))
            if verdict.conditions:
                from chimera_metrics.integrations.questions.asking import Asking
                from chimera_metrics.integrations.questions.known_values import note_unknown_words

                asking = Asking(self, cancellation)
                note_unknown_words(asking, answer, verdict.tables, verdict.conditions)
                answer["notes"].extend(asking.notes)

    def execute_query(
        self, statement: str | ClauseElement, parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """A list of dicts with Python values. Takes SQL (judged by the guard) or a SQLAlchemy Select."""
        attempts = self.settings.retry_attempts
        return repeat(lambda: list(self.stream(statement, parameters)), attempts, policy=read_policy_of)

    def stream(
        self, statement: str | ClauseElement, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The rows of `execute_query` one by one, any number of them; leaving early stops the statement."""
        session: dict[str, Any] = {}
        limits = self.executor.limits()
        if not isinstance(statement, ClauseElement):
            verdict = self._guard.check(bind(statement, parameters or {}))
            session = {**TEXT_SETTINGS, **verdict.session()}
            statement, limits = verdict.statement, limits.within(verdict.weight)
        elif parameters:
            raise InvalidInput("A Select carries its own parameters; bind them in the expression.")
        with self.executor.open(statement, limits, session=session) as running:
            names = [column.name for column in running.columns]
            for block in running.blocks():
                for row in zip(*block, strict=True):
                    yield dict(zip(names, row, strict=True))

    def describe(self, table: str | None = None) -> DescribeResult:
        """All tables in short, or one in full: columns with units and known words, rows, time range, metrics."""
        from chimera_metrics.integrations.questions.describe import describe

        return describe(self, table)

    def _explain(self, sql: str, parameters: Mapping[str, str]) -> str:
        with call.serving(None):  # a question of the guard's, not the caller's statement
            statement, attempts = bind(sql, parameters), self.settings.retry_attempts
            limits = replace(self.executor.limits(), light=True)
            rows = repeat(lambda: self.executor.read(statement, limits), attempts, policy=read_policy_of).rows
        return "\n".join(str(row[0]) for row in rows)

    # -- writing ---------------------------------------------------------------------------------------------------

    def insert(
        self,
        table: str,
        rows: Iterable[Mapping[str, Any]] | Any,
        idempotency_key: str | None = None,
        on_invalid: OnInvalid = "reject_batch",
        prepare: Prepare | None = None,
    ) -> InsertResult:
        """Stores rows exactly once; see `Writer.insert`.

        A list is one batch, stored as a whole or not at all. An iterator of any length, an Arrow table or reader, a
        pandas or polars frame goes in by pieces, each a batch of its own; see `streams`. What is known again is the
        batch as it was passed: send rows again in the form, the order and the types in which they were sent first.
        """
        if isinstance(rows, Sequence) and not isinstance(rows, str | bytes | bytearray):
            batch = list(rows)
            return self._counted(table, lambda: self.writer.insert(table, batch, idempotency_key, on_invalid, prepare))
        return self.insert_stream(table, rows, idempotency_key, on_invalid, prepare=prepare)

    def insert_stream(
        self,
        table: str,
        rows: Iterable[Mapping[str, Any]] | Any,
        idempotency_key: str | None = None,
        on_invalid: OnInvalid = "reject_batch",
        progress: Callable[[Result], None] | None = None,
        prepare: Prepare | None = None,
    ) -> InsertResult:
        """Stores rows of any number, or Arrow data or a frame, in constant memory: by pieces, each exactly once."""
        from chimera_metrics.integrations.writing import streams

        store = streams.insert_table if streams.is_table(rows) else streams.insert_stream
        return self._counted(
            table, lambda: store(self.writer, table, rows, idempotency_key, on_invalid, progress, prepare)
        )

    def replay(self, kept: QuarantinedBatch) -> InsertResult:
        """Stores a batch from the quarantine, once. Raises what keeps it from being stored."""
        return self._counted(kept.identity.table, lambda: self.writer.replay(kept))

    def _counted(self, table: str, store: Callable[[], Result]) -> InsertResult:
        if self.settings.embedded:
            # What keeps the store from answering, the write itself says with a sentence.
            with contextlib.suppress(DBAPIError):
                self.ensure_schema()
        return InsertResult.of(store() if self._figures is None else self._figures.counted(table, store))

    def ensure_schema(self) -> None:
        """Brings an embedded store to the current schema; raises SchemaMismatch for a server that is not there.

        Looks once; what was found is remembered.
        """
        if self._schema_known:
            return
        from chimera_metrics.integrations.evolution import runner

        with self._schema_lock:
            if not self._schema_known and not runner.is_current(self.settings):
                if not self.settings.embedded:
                    raise SchemaMismatch.on(self.settings.database, self.settings.where)
                runner.upgrade(self.settings)
            self._schema_known = True

    insert_bench_run = InsertOne("bench_runs")
    insert_bench_runs = InsertMany("bench_runs")
    insert_llm_event = InsertOne("llm_events")
    insert_llm_events = InsertMany("llm_events")
    insert_ui_event = InsertOne("ui_events")
    insert_ui_events = InsertMany("ui_events")
    insert_episode = InsertOne("episodes")
    insert_episodes = InsertMany("episodes")
    insert_deployment = InsertOne("deployments")
    insert_deployments = InsertMany("deployments")
    insert_watcher_run = InsertOne("watcher_runs")
    insert_watcher_runs = InsertMany("watcher_runs")
    insert_session_stat = InsertOne("session_stats")
    insert_session_stats = InsertMany("session_stats")

    # -- watches ---------------------------------------------------------------------------------------------------

    def watch_set(self, name: str, metric: str, when: str = "change", **rule: Any) -> Result:
        """Sets a watch: `when` is change, drift, above or below; `rule` its group_by, filters, granularity, value,
        clear and webhook. See `docs/watches.md`."""
        from chimera_metrics.integrations.watches import operations

        self.ensure_schema()
        return operations.watch_set(self, name, metric, when, **rule)

    def watch_list(self) -> Result:
        """All watches with their newest look, and the newest alarms."""
        from chimera_metrics.integrations.watches import operations

        self.ensure_schema()
        return operations.watch_list(self)

    def watch_remove(self, name: str) -> Result:
        """Removes a watch; its alarms stay on record."""
        from chimera_metrics.integrations.watches import operations

        self.ensure_schema()
        return operations.watch_remove(self, name)

    # -- state -----------------------------------------------------------------------------------------------------

    def ready(self) -> bool:
        """Whether the store answers. Never raises."""
        try:
            limits = replace(self.executor.limits(), light=True)
            return repeat(lambda: self.executor.read("SELECT 1", limits), 0).rows == [(1,)]
        except MuseError:
            return False

    def guards(self) -> list[dict[str, str]]:
        """Each guard of the read-only promise: its name, who enforces it, and what to do where one is weak."""
        from chimera_metrics.integrations.operations.guards import guards

        return guards(self)

    def health(self) -> HealthResult:
        """Every check with its level, figure and advice, and whether all is well. Never raises for the store."""
        from chimera_metrics.integrations.operations.health import health

        return health(self)
