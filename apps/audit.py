"""`muse audit`: what was called, by whom, and how it ended, from the local audit files."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chimera_metrics.apps.tables import print_json, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.audit.shipping import Shipping
from chimera_metrics.integrations.audit.trail import audit_folder, day_of, files, read_lines
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.unseen import printable

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def show(since: str, who: str | None, tool: str | None, outcome: str | None, limit: int, as_json: bool) -> int:
    """The last calls that fit, oldest first."""
    start = _start(since)
    wanted = {"who": who, "tool": tool.replace("_", ".", 1) if tool and "." not in tool else tool, "outcome": outcome}
    found = deque(_entries(start, {name: value for name, value in wanted.items() if value is not None}), maxlen=limit)
    if as_json:
        for entry in found:
            print_json(entry)
        return 0
    if not found:
        say(f"No calls since {start:%Y-%m-%d %H:%M} UTC in {audit_folder(config.load())}.")
        return 0
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for column in ("time (UTC)", "who", "client", "tool", "outcome", "rows", "ms", "what"):
        table.add_column(column, overflow="fold", justify="right" if column in {"rows", "ms"} else "left")
    for entry in found:
        what = entry["error"] or entry["statement"] or entry["arguments"]
        table.add_row(
            Text(printable(str(entry["ts"])[5:19].replace("T", " "))),
            *(Text(printable(str(entry[name]))) for name in ("who", "client", "tool", "outcome")),
            f"{entry['rows']:,}",
            f"{entry['elapsed_ms']:.1f}",
            Text(printable(what if len(what) <= 160 else f"{what[:159]}…")),
        )
    Console(width=None if Console().is_terminal else 160, highlight=False, color_system=None).print(table)
    return 0


def ship() -> int:
    """Brings the lines that wait into the table, now."""
    settings = config.load()
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        stored = Shipping(audit_folder(settings), client.executor).ship()
    say(f"{stored} calls were brought into the table audit_log.")
    return 0


def _entries(start: datetime, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    begin = start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for path in files(audit_folder(config.load())):
        if day_of(path) < begin[:10]:
            continue
        for _, entry in read_lines(path):
            if (
                entry is not None
                and entry["ts"] >= begin
                and all(entry[name] == value for name, value in wanted.items())
            ):
                yield entry


def _start(since: str) -> datetime:
    """A length back from now, such as 24h, or a time in ISO 8601."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", since)
    try:
        if match:
            return datetime.now(UTC) - timedelta(**{_UNITS[match[2]]: int(match[1])})
        found = datetime.fromisoformat(since)
    except (ValueError, OverflowError):  # the calendar begins in the year 1
        raise InvalidInput(
            f"--since {since!r} is no time; write a length such as 24h or 7d, or 2026-01-31T12:00."
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
