"""The `muse` command. Each subcommand's work is in a file of its own, imported only when it runs."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import click

from chimera_metrics.apps import asking_commands, operations, schema_commands, streams_in, watch_commands
from chimera_metrics.apps.tables import say
from chimera_metrics.apps.terminal import STOPPED, escaped_output
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.unseen import printable, shown_path

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)


@contextlib.contextmanager
def _usage_on_one_line() -> Iterator[None]:
    """An argument that is wrong is shown in click's sentence, whatever it holds."""
    try:
        yield
    except click.UsageError as error:
        error.message = printable(error.message)  # type: ignore[misc]  # it is final in name only
        raise


def _of_a_file(error: OSError) -> str | None:
    """A sentence where the system refuses a path that was named, or has no room; None for other errors."""
    if isinstance(error.filename, str | bytes):
        path = shown_path(os.fsdecode(error.filename))
        return f"{path} cannot be used ({error.strerror}); correct the path or its rights."
    if error.errno in _NO_ROOM:
        return f"{error.strerror}; make room, and run this again."
    return None


class Commands(click.Group):
    """Prints an error that a user can cause as one sentence on stderr, and exits 1."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """All of the command's output passes `escaped_output`: usage errors and tracebacks too."""
        with escaped_output():
            try:
                return super().main(*arguments, **options)
            except OSError as error:
                if (sentence := _of_a_file(error)) is None:
                    raise
                say(f"muse: {sentence}", err=True)
                sys.exit(1)

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _usage_on_one_line():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _usage_on_one_line():
                return super().invoke(ctx)
        except MuseError as error:
            say(f"muse: {error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            ctx.exit(STOPPED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="chimera-metrics", prog_name="muse")
def main() -> None:
    """Operational facts about an AI content pipeline, in ClickHouse: serve them to agents, and look after them.

    Without CH_HOST everything runs on an embedded engine in a folder (CH_PATH); with it, on that server.
    """
    # The engine makes files of its own too; whatever this process makes is for its user alone.
    os.umask(0o077)


@main.command()
@click.option("--transport", type=click.Choice(["stdio", "http"]), default="stdio", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on (http).")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port (http).")
@click.option("--read-only", is_flag=True, help="Offer no tool that stores anything.")
@click.option("--ui/--no-ui", default=None, help="Show the page at / (http); by default on loopback only.")
def serve(transport: str, host: str, port: int, read_only: bool, ui: bool | None) -> None:
    """Serve the tools to MCP clients.

    \b
    Examples:
      muse serve                                    for a client that starts it itself (stdio)
      muse serve --transport http --port 8000       at http://127.0.0.1:8000/mcp
    """
    # Nearly all that a start makes stays: to look for garbage meanwhile takes a tenth of it. `run` begins with that.
    gc.disable()
    # An import that Ctrl-C breaks off may take it for a fault of its own, and the server would start all the same.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from chimera_metrics.apps.serve import run

    run(transport, host, port, read_only, ui)


@main.command()
@click.option("--clickhouse", is_flag=True, help="Check ClickHouse; the default.")
@click.option("--advice", is_flag=True, help="Add what its own reads say about indexes, order keys and parts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def status(clickhouse: bool, advice: bool, as_json: bool) -> None:
    """Connectivity, version, schema revision, freshness and storage. Exits 0 if healthy, 1 if not."""
    from chimera_metrics.apps.status import run

    sys.exit(run(as_json, advice))


@main.command(short_help="Ingest JSONL, CSV and Parquet files.")
@click.option("--days", type=click.IntRange(1, 36500), required=True, help="Only rows of the last N days.")
@click.option("--source", type=click.Path(), help="File or folder; by default MUSE_SOURCE_DIR.")
@click.option("--shift-to-now", is_flag=True, help="Move the newest row to now (for samples and demos).")
@click.option("--as-new", is_flag=True, help="Treat a file that changed since it was read as new.")
@click.option("--rollups", is_flag=True, help="Rebuild session_stats and the rollups of those days from the rows.")
@click.option("--allow-destructive", is_flag=True, help="With --rollups: also where they cover more than the rows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def backfill(
    days: int,
    source: str | None,
    shift_to_now: bool,
    as_new: bool,
    rollups: bool,
    allow_destructive: bool,
    as_json: bool,
) -> None:
    """Ingest files: JSONL, CSV or Parquet, plain or compressed (gz, bz2, xz, zst), each named after its table.

    Running it again stores nothing twice: a run that was stopped resumes, and of a file that has grown only the new
    rows are stored. A file that changed in any other way is refused; with --as-new it is stored whole, with the rows
    that are stored already. With --rollups and no --source no file is read: the sums of the last N days are rebuilt
    from the rows. A rollup that covers more than those rows may be the last copy, and is left as it is.

    \b
    Example:
      muse backfill --days 35 --source samples --shift-to-now
    """
    from chimera_metrics.apps.backfill import run

    sys.exit(run(days, source, shift_to_now, as_json, rollups, as_new, allow_destructive))


@main.group(short_help="Create, list and revoke bearer tokens for HTTP.")
def token() -> None:
    """Who may call the server over HTTP: create, list and revoke bearer tokens."""


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["reader", "writer", "admin"]),
    default="reader",
    show_default=True,
    help="reader: query and get; writer: insert too; admin: the audit log too.",
)
@click.option("--days", type=click.IntRange(1, 36500), help="Days until it expires; never by default.")
def create(name: str, role: str, days: int | None) -> None:
    """Make a token and print it, once; only its hash is kept."""
    from chimera_metrics.apps.token import create

    sys.exit(create(name, role, days))


@token.command("list")
def list_tokens() -> None:
    """Show the tokens' names, roles and expiry."""
    from chimera_metrics.apps.token import show

    sys.exit(show())


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke a token by name or id, also on a server that is running."""
    from chimera_metrics.apps.token import revoke

    sys.exit(revoke(name))


@main.command()
@click.option("--since", default="24h", show_default=True, help="How far back, such as 24h or 7d, or a time.")
@click.option("--who", help="Only this caller.")
@click.option("--tool", help="Only this tool.")
@click.option("--outcome", type=click.Choice(["ok", "refused", "error", "cancelled"]), help="Only this outcome.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="Show at most so many calls."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line, for programs.")
@click.option("--ship", is_flag=True, help="Move the waiting lines into the table audit_log, then exit.")
def audit(
    since: str, who: str | None, tool: str | None, outcome: str | None, limit: int, as_json: bool, ship: bool
) -> None:
    """Show what was called, by whom, and how it ended.

    \b
    Example:
      muse audit --since 7d --outcome refused
    """
    from chimera_metrics.apps import audit as work

    sys.exit(work.ship() if ship else work.show(since, who, tool, outcome, limit, as_json))


@main.group(short_help="List and store the batches that the store could not take.")
def quarantine() -> None:
    """Batches that the store could not take: list them, and store them after all."""


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_quarantine(as_json: bool) -> None:
    """Show what waits, since when and why."""
    from chimera_metrics.apps.quarantine import show

    sys.exit(show(as_json))


@quarantine.command("replay")
@click.argument("batch", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def replay_quarantine(batch: str | None, as_json: bool) -> None:
    """Store what waits, each batch once; only BATCH if one is named. Exits 1 if something stays."""
    from chimera_metrics.apps.quarantine import replay

    sys.exit(replay(batch, as_json))


for _command in (
    *asking_commands.COMMANDS,
    *schema_commands.COMMANDS,
    *streams_in.COMMANDS,
    *operations.COMMANDS,
    *watch_commands.COMMANDS,
):
    main.add_command(_command)

if __name__ == "__main__":
    main()
