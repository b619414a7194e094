"""`muse query` and `muse describe`: what the tools answer, for people and scripts at a shell."""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chimera_metrics.apps.answer_tables import print_rows, width_of_output
from chimera_metrics.apps.interrupting import interruptible
from chimera_metrics.apps.stores import require_store
from chimera_metrics.apps.tables import print_json, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.answers.exporting import Export
from chimera_metrics.integrations.answers.shaping import stored_text
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.results import QueryResult
from chimera_metrics.integrations.validation.rules import rules_of

# A terminal has no model to be kept from flooding: as many bytes as a person asks rows for.
_ROOM = 100_000_000


def _client() -> ClickHouseClient:
    """On the store that there is, at the schema of this version, as the server has it."""
    settings = config.load()
    require_store(settings.clickhouse)
    muse = settings.muse
    if "max_result_bytes" not in muse.model_fields_set:
        muse = muse.model_copy(update={"max_result_bytes": _ROOM})
    return ClickHouseClient(settings.clickhouse, muse)


def query(sql: str, parameters: Sequence[str], form: str, **limits: Any) -> int:
    """Runs the statement behind the tool's guards, and prints the answer. `form`: table, json or csv."""
    values = dict(map(_parameter, parameters))
    with _client() as client:
        client.ensure_schema()
        if form == "csv":
            _print_csv(client, sql, values, limits)
            return 0
        answer = interruptible(lambda stop: client.query(sql, values, **limits, cancellation=stop))
    if form == "json":
        print_json(answer)
        return 0
    print_rows([column["name"] for column in answer["columns"]], answer["rows"], width_of_output())
    _say_beside(answer)
    return 0


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise InvalidInput(f"--param {text!r} is not name=value; write --param model=opus for {{model:String}}.")
    return name, value


def _print_csv(client: ClickHouseClient, sql: str, values: Mapping[str, str], limits: Mapping[str, Any]) -> None:
    """All rows, whatever --max-rows says to tables, byte for byte as an export of the tool has them."""
    with tempfile.TemporaryDirectory(prefix="muse-query-") as folder:
        file = Path(folder) / "answer.csv"
        export = Export("csv", file)
        interruptible(lambda stop: client.query(sql, values, **limits, export=export, cancellation=stop))
        if sys.stdout.isatty():  # a terminal obeys what a file merely holds
            say(file.read_text(encoding="utf-8").removesuffix("\n"), lines=True)
            return
        sys.stdout.flush()
        with file.open("rb") as found:
            shutil.copyfileobj(found, _bytes_of_stdout())


def _bytes_of_stdout() -> Any:
    return sys.stdout.buffer


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _say_beside(answer: QueryResult) -> None:
    """What belongs to the answer but not to its rows, on stderr."""
    for_models = stored_text(answer)
    rows, read = (_rows(answer[name]) for name in ("row_count", "rows_read"))
    say(f"{rows} in {answer['elapsed_ms']:,.0f} ms; {read} read.", err=True)
    for text in filter(None, (answer["truncated_reason"], *answer["notes"])):
        if text not in for_models:
            say(text, err=True)


def describe(table: str | None, form: str) -> int:
    """Prints the tables, or one table's columns. `form`: table, json or csv."""
    if form == "csv" and table is not None:
        return _template(table)
    with _client() as client:
        client.ensure_schema()
        answer = client.describe(table)
    if form == "json":
        print_json(answer)
        return 0
    if table is None:
        names = ("name", "rows", "oldest", "newest", "meaning")
        days = {name: 10 for name in ("oldest", "newest") if form == "table"}
        rows = [[_cut(one[name], days.get(name)) for name in names] for one in answer["tables"]]
    else:
        [one] = answer["tables"]
        names = ("name", "type", "unit", "meaning", "values")
        rows = [_column(column) for column in one["columns"]]
    if form == "csv":
        _print_as_csv(names, rows)
        return 0
    if table is not None:
        span = f", {one['oldest']} to {one['newest']}" if one["rows"] else ""
        say(f"{one['name']}: {one['meaning']} {one['rows']:,} rows{span}.")
    print_rows(names, rows, width_of_output())
    _say_metrics(answer, table)
    return 0


def _column(column: Mapping[str, Any]) -> list[Any]:
    values = ", ".join(column["values"] or ())
    return [column["name"], column["type"], column["unit"] or "", column["meaning"], values]


def _cut(value: Any, length: int | None) -> Any:
    return value[:length] if isinstance(value, str) and length is not None else value


def _say_metrics(answer: Mapping[str, Any], table: str | None) -> None:
    if table is None:
        say(
            "`muse describe TABLE` shows a table's columns and metrics; with --csv it is a template for backfill.", True
        )
        return
    say(f"Metrics: {', '.join(one['name'] for one in answer['metrics'])}.")


def _template(table: str) -> int:
    """The header of a CSV file for backfill. No example row: one that is left in would be stored as a fact."""
    rules = rules_of(table)
    _print_as_csv(rules.names, [])
    needed = ", ".join(rule.name for rule in rules.rules if rule.required)
    say(
        f"Fill in rows below the header of a file named {table}.csv; empty is null or the default, times are such as "
        f"2026-05-31T12:00:00Z, needed: {needed or 'nothing'}. Then `muse backfill --days N --source {table}.csv`.",
        err=True,
    )
    return 0


def _print_as_csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([names, *rows])
    say(out.getvalue().removesuffix("\n"), lines=True)
