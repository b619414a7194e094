"""The commands of `muse` that ask the store: query, describe, report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click


def _form(command: Callable[..., None]) -> Any:
    """The options for another form than a table, as one argument."""

    @wraps(command)
    def chosen(**given: Any) -> None:
        forms = [form for form in ("table", "json", "csv") if given.pop(f"as_{form}")]
        if len(forms) > 1:
            raise click.UsageError(f"An answer has one form; name one of {', '.join(f'--{form}' for form in forms)}.")
        command(**given, form=forms[0] if forms else "table")

    with_csv = click.option("--csv", "as_csv", is_flag=True, help="Print CSV; of a query all rows.")(chosen)
    with_json = click.option("--json", "as_json", is_flag=True, help="Print the tool's answer as JSON, for programs.")(
        with_csv
    )
    return click.option("--table", "as_table", is_flag=True, help="Print a table; the default.")(with_json)


@click.command(short_help="Run one read-only SQL statement.")
@click.argument("sql", required=False)
@click.option("--param", "-p", "parameters", multiple=True, help="Value for a {name:Type}, as name=value; repeatable.")
@click.option(
    "--max-rows", type=click.IntRange(1), default=200, show_default=True, help="At most so many rows; CSV has all."
)
@click.option("--max-bytes", type=click.IntRange(1), help="Refuse a statement that would read more bytes.")
@click.option("--timeout", "timeout_s", type=float, help="Seconds until it is stopped; at most CH_TIMEOUT.")
@_form
def query(
    sql: str | None,
    parameters: tuple[str, ...],
    max_rows: int,
    max_bytes: int | None,
    timeout_s: float | None,
    form: str,
) -> None:
    """Run one read-only SQL statement, behind the same guard as the tool; without SQL, the one on stdin.

    \b
    Examples:
      muse query "SELECT model, count() FROM bench_runs GROUP BY model"
      muse query "SELECT * FROM ui_events WHERE event_type = {what:String}" -p what=error --csv > errors.csv
    """
    from chimera_metrics.apps import asking as work

    if sql is None or sql == "-":
        if sql is None and sys.stdin.isatty():
            raise click.UsageError('Write a statement: muse query "SELECT count() FROM ui_events", or pipe one in.')
        sql = sys.stdin.read()
    sys.exit(work.query(sql, parameters, form, max_rows=max_rows, max_bytes=max_bytes, timeout_s=timeout_s))


@click.command(short_help="Show the tables, or the columns of one.")
@click.argument("table", required=False)
@_form
def describe(table: str | None, form: str) -> None:
    """Show the tables, or one table's columns with units, meaning and known values.

    With --csv and a table, it prints the header of a file that `muse backfill` takes.

    \b
    Examples:
      muse describe ui_events
      muse describe ui_events --csv > ui_events.csv
    """
    from chimera_metrics.apps import asking as work

    sys.exit(work.describe(table, form))


_file = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Write a report for people.")
@click.option("--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="How many days it covers.")
@click.option("--html", type=_file, help="Write one HTML file, with its pictures in it.")
@click.option("--markdown", type=_file, help="Write Markdown.")
@click.option("--png", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write the pictures here.")
def report(days: int, html: Path | None, markdown: Path | None, folder: Path | None) -> None:
    """Write a report for people: today at a glance, trends, benchmarks, what moved and why, what will come.

    By default it writes muse-report.html.

    \b
    Example:
      muse report --days 7 --html week.html --markdown week.md --png pictures
    """
    from chimera_metrics.apps import report as work

    sys.exit(work.run(days, html, markdown, folder))


COMMANDS = (query, describe, report)
