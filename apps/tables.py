"""Output for people: aligned columns, no more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def print_json(value: Any) -> None:
    """One line of JSON for programs; what JSON cannot hold is text."""
    click.echo(json.dumps(value, default=str))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> None:
    """Columns under their headers; those named in `right` are numbers."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *texts, strict=True)]
    for line in ([*headers], *texts):
        cells = [
            cell.rjust(width) if header in right else cell.ljust(width)
            for header, cell, width in zip(headers, line, widths, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


MARKS = {"ok": "ok  ", "warning": "warn", "error": "FAIL"}


def print_checks(checks: Sequence[Any]) -> None:
    """A line for each check, and below it what to do."""
    width = max((len(check["name"]) for check in checks), default=0)
    for check in checks:
        click.echo(f"{MARKS[check['level']]} {check['name']:<{width}}  {check['figure']}")
        if check["advice"]:
            click.echo(f"{'':<{width + 7}}-> {check['advice']}")


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
