"""Where commands print: sentences, aligned columns and JSON, and no character that a terminal would obey.

Texts that others wrote, stored ones, names of files and of programs, come out through here alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TextIO

import click

from chimera_metrics.apps.terminal import write_coloured
from chimera_metrics.integrations.unseen import printable, printable_json


def say(text: str, err: bool = False, lines: bool = False) -> None:
    """A line for people; `lines` where the text is several."""
    _write(printable(text, lines), sys.stderr if err else sys.stdout)


def print_json(value: Any) -> None:
    """One line of JSON for programs; what JSON cannot hold is text."""
    _write(printable_json(json.dumps(value, default=_as_text)), sys.stdout)


def _write(text: str, stream: TextIO) -> None:
    # The stream is named: without one click writes UTF-8 to a terminal that is said to know ASCII alone.
    click.echo(text, file=stream)


def _as_text(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> None:
    """Columns under their headers; those named in `right` are numbers."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *texts, strict=True)]
    for line in ([*headers], *texts):
        cells = [
            cell.rjust(width) if header in right else cell.ljust(width)
            for header, cell, width in zip(headers, line, widths, strict=True)
        ]
        say("  ".join(cells).rstrip())


MARKS = {"ok": ("ok  ", 32), "warning": ("warn", 33), "error": ("FAIL", 31)}


def print_checks(checks: Sequence[Any]) -> None:
    """A line for each check, and below it what to do."""
    width = max((len(check["name"]) for check in checks), default=0)
    for check in checks:
        write_coloured(*MARKS[check["level"]], f" {check['name']:<{width}}  {check['figure']}")
        if check["advice"]:
            say(f"{'':<{width + 7}}-> {check['advice']}")


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else printable(str(value))
