"""`muse backfill`: files into tables, a day at a time, each day's rows known by their content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from chimera_metrics.apps.progress import Bar
from chimera_metrics.apps.tables import print_json, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.backfill.checkpoint import COUNTS
from chimera_metrics.integrations.backfill.file_days import newest
from chimera_metrics.integrations.backfill.files import SourceFile, find_files, passed_over
from chimera_metrics.integrations.backfill.ingest import Backfill
from chimera_metrics.integrations.backfill.rejected_rows import RejectedRows
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput

# Columns at fault that are shown, and files that were passed over.
_SHOWN = 10


def run(
    days: int,
    source: str | None,
    shift_to_now: bool,
    as_json: bool,
    rollups: bool = False,
    as_new: bool = False,
    allow_destructive: bool = False,
) -> int:
    """Ingests and prints a summary; exit code 0 when nothing was rejected or kept aside."""
    settings = config.load()
    now = datetime.now(UTC)
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        if rollups and source is None:
            client.ensure_schema()
            return _rebuild(client, now.date() - timedelta(days=days), as_json, not allow_destructive)
        folder = source or settings.muse.source_dir
        if folder is None:
            raise InvalidInput("No source: name a file or folder with --source, or set MUSE_SOURCE_DIR.")
        files = find_files(Path(folder))
        for sentence in passed_over(Path(folder))[:_SHOWN]:
            say(sentence, err=True)
        client.ensure_schema()
        work = Backfill(client, files, days, shift_to_now, now, as_new)
        with Bar(sum(file.path.stat().st_size for file in files), shown=not as_json) as bar:
            totals = work.run(bar)
        _print(totals, work.rejected, work.resumed, as_json)
        if not any(total["received"] for total in totals.values()):
            _say_nothing_came(files, days, now)
        left = any(total["rejected_count"] or total["quarantined"] for total in totals.values())
        if rollups:
            _rebuild(client, now.date() - timedelta(days=days), False, not allow_destructive, quiet=as_json)
    return 1 if left else 0


def _say_nothing_came(files: Sequence[SourceFile], days: int, now: datetime) -> None:
    found = newest(files)
    if found >= now:
        say("The files hold no row.", err=True)
        return
    say(
        f"No row of the files lies in the last {days} days: the newest is from {found:%Y-%m-%d}, so take --days "
        f"{(now.date() - found.date()).days} or more, or --shift-to-now.",
        err=True,
    )


def _print(totals: dict[str, dict[str, int]], rejected: RejectedRows, resumed: int, as_json: bool) -> None:
    if as_json:
        print_json(totals)
        _name(rejected, err=True)
        return
    if resumed:
        say(f"Went on where a run was stopped: {resumed:,} rows were done.")
    say(f"{'table':<14}" + "".join(f"{name.replace('_count', ''):>12}" for name in COUNTS))
    for table, total in totals.items():
        say(f"{table:<14}" + "".join(f"{total[name]:>12,}" for name in COUNTS))
    _name(rejected)
    if any(total["quarantined"] for total in totals.values()):
        say("What the store did not take waits: `muse quarantine list` shows it, `muse quarantine replay` stores it.")


def _name(rejected: RejectedRows, err: bool = False) -> None:
    for (file, name), reason in list(rejected.reasons.items())[:_SHOWN]:
        rows = "1 row" if reason.rows == 1 else f"{reason.rows:,} rows, such as"
        say(f"{file}, {name or 'the row'}: {rows}: {reason.first}", err=err)
    if (more := len(rejected.reasons) - _SHOWN) > 0:
        say(f"{more} columns more are at fault.", err=err)
    if rejected.file is not None:
        say(f"The rejected rows and why: {rejected.file}", err=err)
    if rejected.left_out:
        say(f"It is full: {rejected.left_out:,} rejected rows more are not in it.", err=err)


def _rebuild(client: ClickHouseClient, first: date, as_json: bool, keep_richer: bool, quiet: bool = False) -> int:
    from chimera_metrics.integrations.writing.rebuilding import kept_days, rebuild_day, stored_days

    executor = client.executor
    days = stored_days(executor, first)
    kept = kept_days(executor, days) if keep_richer else {}
    done = [{"day": day.isoformat(), **rebuild_day(executor, day, keep_richer)} for day in days]
    if quiet:
        return 0
    if as_json:
        print_json(done)
        return 0
    say(f"Rebuilt session_stats and the rollups of {len(done)} days.")
    for target, left in kept.items():
        say(
            f"Left {target} as it is on {len(left)} days, {left[0]} to {left[-1]}: it tells there of more than the "
            "rows that stand, so it may be the last copy. See `muse verify`."
        )
    return 0
