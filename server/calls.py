"""Every call of a tool passes here: who may, how it ended, and the audit line before the answer leaves."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel

from chimera_metrics.integrations.answers.exporting import MIME_TYPES
from chimera_metrics.integrations.answers.kept import Kept
from chimera_metrics.integrations.audit.trail import AuditFailed, AuditLine, clean, clean_name, now, shown
from chimera_metrics.integrations.clickhouse.call import Call, id_in, serving
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.results import Result, as_json, lean
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.server.catalog.callers import GROUPS, Caller
from chimera_metrics.server.catalog.tool import MuseTool, Sentence
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.tracing import span
from chimera_metrics.suggestions import did_you_mean

_log = logging.getLogger(__name__)
#: Requests that read or ask by another method than a tool; they are on record like a tool's call.
READS = frozenset({"resources/read", "prompts/get", "completion/complete"})
#: Requests that leave a line of the audit, even if they are refused.
RECORDED = READS | {"tools/call"}
# Statements on statements and on what there is.
_ABOUT = re.compile(r"\W*(?:EXPLAIN|SHOW|DESC)", re.IGNORECASE)
#: Calls that leave a line of the log too: a refusal, and a mistake of the caller's.
_LOGGED = {"refused": logging.WARNING, "error": logging.INFO}
_CANCELLED = "The client cancelled the call or went away."


@dataclass(frozen=True, slots=True)
class Answered:
    """What a tool answered, the JSON that it is, and the pictures (PNG) that go with it."""

    fields: dict[str, Any]
    json: bytes
    images: list[bytes]

    @classmethod
    def of(cls, result: Result, include_sql: bool = False) -> Answered:
        fields = lean(result, include_sql)
        try:
            return cls(fields, orjson.dumps(fields), result.images)
        except TypeError:  # it holds amounts, which JSON has as text
            text = as_json(fields)
            return cls(orjson.loads(text), text, result.images)

    @classmethod
    def again(cls, kept: Kept) -> Answered:
        """An answer that was given before."""
        return cls(orjson.loads(kept.json), kept.json, list(kept.images))

    @property
    def links(self) -> list[dict[str, Any]]:
        """What the answer leads to, as the protocol's content."""
        export = self.fields.get("export") or {}
        if "uri" not in export:
            return []
        form = export["format"]
        return [
            {
                "type": "resource_link",
                "uri": export["uri"],
                "name": f"result.{form}",
                "mimeType": MIME_TYPES[form],
                "size": export["bytes"],
            }
        ]


class Calls:
    """Finds the tool of a call, runs it for its caller and records how it ended."""

    def __init__(self, tools: Mapping[str, MuseTool], known: Mapping[str, str]) -> None:
        """`tools` are offered here, by their dotted names; `known` is every tool that there is, to its group."""
        self.tools = tools
        self._known = known

    def limit_s(self, name: str, arguments: Mapping[str, Any], context: ServerContext) -> float:
        """The time that a call may take: its own `timeout_s`, at most `CH_TIMEOUT`."""
        most = context.settings.clickhouse.timeout
        tool = self.tools.get(name)
        return most if tool is None else tool.limit_s(arguments, most)

    def run(
        self,
        context: ServerContext,
        caller: Caller,
        name: str,
        arguments: dict[str, Any],
        stop: Cancellation,
        family: str = "",
    ) -> Answered:
        """The answer of the tool of that dotted name, or a Sentence. Blocks; on record when it returns.

        The call's id begins with `family`, by which other servers stop its statements; an insert is not stopped.
        """
        record = self._record(context, caller, name, arguments)
        if family and name in self.tools and not self.tools[name].stores:
            record.call.call_id = id_in(family)
        with serving(record.call), span(record.tool) as running:
            try:
                answered = self._answered(context, caller, self._tool(name, caller), record, stop)
                record.ok(answered)
            except Sentence as sentence:
                # What was stored or read before the cancel came is not undone by it, and stays on record as it ended.
                outcome = ("cancelled", _CANCELLED) if stop.cancelled else (sentence.outcome, str(sentence))
                record.failed(*outcome)
                raise
            except Exception as fault:  # noqa: BLE001  # a bug may raise anything
                # A bug: its message may hold anything, so it stays in the log.
                _log.exception("Call %s of %s failed", record.call.call_id, record.tool)
                record.failed("error", f"Fault of the server: {type(fault).__name__}.")
                raise Sentence(
                    f"The server failed at this call; its log says why, under {record.call.call_id}. Report it to the "
                    "operator, or ask in another way.",
                    "error",
                ) from None
            finally:
                record.end(running)
        return answered

    def _answered(
        self, context: ServerContext, caller: Caller, tool: MuseTool, record: Record, stop: Cancellation
    ) -> Answered:
        """What the tool answers, or what it has answered before where nothing has changed since."""
        arguments = tool.read(record.arguments)
        if context.cache is None or not tool.is_kept(arguments):
            return self._computed(context, tool, arguments, record, stop)
        with context.cache.looking(stop, caller.role, tool.name, arguments.model_dump_json()) as look:
            if look is not None:
                context.metrics.looked(look.found is not None)
            if look is not None and look.found is not None:
                record.call.answered_by(look.found.statement, look.found.query_id)
                return Answered.again(look.found)
            answered = self._computed(context, tool, arguments, record, stop)
            # That the store is empty is no longer so when a table has rows that this answer has not read.
            if look is not None and context.filled:
                call = record.call
                look.keep(call.tables, answered.json, answered.images, call.statement, call.query_id)
            return answered

    def _computed(
        self, context: ServerContext, tool: MuseTool, arguments: BaseModel, record: Record, stop: Cancellation
    ) -> Answered:
        result = tool.answer(context, arguments, stop)
        if _reads_tables(tool.name, record.arguments):
            context.note_if_empty(result)
        return Answered.of(result, vars(arguments).get("include_sql", False))

    def not_run(self, context: ServerContext, caller: Caller, name: str, arguments: dict[str, Any]) -> None:
        """Records a call that was cancelled while it waited for a thread."""
        record = self._record(context, caller, name, arguments)
        record.failed("cancelled", _CANCELLED)
        record.end(None)

    def record(self, context: ServerContext, caller: Caller, method: str, params: Mapping[str, Any] | None) -> Record:
        """Of a request that reads or asks by another method than a tool, or names no tool; `end` puts it on record."""
        arguments = {name: value for name, value in (params or {}).items() if name != "_meta"}
        return Record(context, caller, method, arguments)

    def _record(self, context: ServerContext, caller: Caller, name: str, arguments: dict[str, Any]) -> Record:
        if name in self._known:
            return Record(context, caller, name, arguments)
        return Record(context, caller, "unknown", {"tool": name[:100], **arguments})

    def _tool(self, name: str, caller: Caller) -> MuseTool:
        group = self._known.get(name)
        if group is None:
            hint = did_you_mean(name, self.tools, "{}", letters=0.5) or f" There are: {', '.join(self.tools)}."
            raise Sentence(f"Unknown tool {name[:100]!r}.{hint}", "error")
        if name not in self.tools:
            raise Sentence(
                f"{name} is not offered here: this server was started with --read-only or without the group "
                f"{group.partition('_')[0]} in MUSE_TOOLS.",
                "refused",
            )
        if group not in GROUPS[caller.role]:
            does = "changes watches" if group == "watch_writing" else "stores rows"
            raise Sentence(
                f"{name} {does}, and {caller.who} has the role {caller.role}, which may only read; "
                "ask the operator for a writer's token (`muse token create`).",
                "refused",
            )
        return self.tools[name]


def _reads_tables(name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a call asks for what the tables hold; EXPLAIN, and a statement of `query` that names none, do not."""
    if name == "query":
        sql = str(arguments.get("sql"))
        return not _ABOUT.match(sql) and any(table in sql for table in FACT_TABLES)
    return name.startswith(("query.", "get.", "describe"))


class Record:
    """What is known of one call while it runs."""

    def __init__(self, context: ServerContext, caller: Caller, tool: str, arguments: dict[str, Any]) -> None:
        self._context = context
        self._caller = caller
        self.tool = tool
        self.arguments = arguments
        self.call = Call(
            reads_audit=caller.role == "admin", owner=caller.owner, who=caller.who, reached_at=caller.reached_at
        )
        self._ts = now()
        self._started = time.perf_counter()
        self._outcome, self._error = "error", ""
        self._rows = self._bytes = 0
        context.metrics.begin()
        context.under_way.add(self)

    def ok(self, answered: Answered) -> None:
        self._outcome = "ok"
        counted = [(answered.fields.get("export") or {}).get("rows")]
        counted += [answered.fields.get(name) for name in ("row_count", "inserted", "n")]
        self._rows = next((count for count in counted if isinstance(count, int)), 0)
        self._bytes = len(answered.json)

    def sent(self, size: int) -> None:
        """It was answered with so many bytes, which are no rows."""
        self._outcome, self._bytes = "ok", size

    def stored(self, rows: int, size: int) -> None:
        """It stored so many rows, and was answered with so many bytes."""
        self._outcome, self._rows, self._bytes = "ok", rows, size

    def failed(self, outcome: str, error: str) -> None:
        self._outcome, self._error = outcome, error

    def abandon(self) -> None:
        """Writes the line of a call that the process ends before."""
        self.failed("cancelled", "The server ended while the call ran.")
        if self._context.audit is not None:
            self._context.audit.append(self._entry(time.perf_counter() - self._started))

    def end(self, span: Any) -> None:
        self._context.under_way.discard(self)
        elapsed_s = time.perf_counter() - self._started
        self._context.metrics.end(self.tool, self._outcome, elapsed_s, self._rows, self._bytes)
        if span is not None and span.is_recording():
            span.set_attribute("db.system.name", "clickhouse")
            span.set_attribute("db.query.text", clean(self.call.statement))
            span.set_attribute("muse.call_id", self.call.call_id)
            span.set_attribute("muse.outcome", self._outcome)
            span.set_attribute("muse.rows", self._rows)
        refused = self._outcome in _LOGGED
        if self._context.audit is None and not refused:
            return
        entry = self._entry(elapsed_s)
        if refused:
            _log.log(_LOGGED[self._outcome], "%s of %s: %s: %s", entry.tool, entry.who, entry.outcome, entry.error)
        if self._context.audit is None:
            return
        try:
            self._context.audit.append(entry)
        except AuditFailed as error:
            raise Sentence(str(error), "error") from None

    def _entry(self, elapsed_s: float) -> AuditLine:
        error = self.call.without_secrets(self._error)
        arguments, statement, error = shown(self.arguments, self.call.statement, error)
        return AuditLine(
            ts=self._ts,
            call_id=self.call.call_id,
            who=self._caller.who,
            role=self._caller.role,
            client=clean_name(self._caller.client),
            tool=self.tool,
            arguments=arguments,
            statement=statement,
            query_id=self.call.query_id,
            rows=self._rows,
            bytes=self._bytes,
            elapsed_ms=round(elapsed_s * 1000, 3),
            outcome=self._outcome,
            error=error,
        )
