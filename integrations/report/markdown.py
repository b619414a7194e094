"""Markdown, in which stored text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chimera_metrics.integrations.report.asking import Asked, made
from chimera_metrics.integrations.report.parts import Cell, Link, Section, Table
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.views import whole

_MARKUP = re.compile(r"([\\`*_<>\[\]|#])")


def markdown(ask: Asked, scope: Scope, title: str, made_at: str) -> str:
    """The whole report without pictures."""
    lines = [f"# {_text(title)}", "", _text(f"{scope.words}; made {made_at}."), ""]
    for name, planned in whole(scope):
        lines += [f"## {name}", ""]
        for one in planned:
            lines += _section(made(one, ask))
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> Iterator[str]:
    yield from (f"### {_text(section.title)}", "")
    for line in section.lines:
        yield from (_text(line), "")
    if section.tiles:
        yield from ("| figure | value |", "| --- | ---: |")
        yield from (f"| {_text(tile.name)} | {_text(tile.value)} |" for tile in section.tiles)
        yield ""
    for table in section.tables:
        yield from _table(table)
    for note in section.notes:
        yield from (f"> {_text(note)}", "")


def _table(table: Table) -> Iterator[str]:
    yield from (f"**{_text(table.caption)}**", "")
    yield f"| {' | '.join(map(_text, table.head))} |"
    yield f"| {' | '.join('---:' if i >= table.numbers_from else '---' for i in range(len(table.head)))} |"
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in table.rows)
    yield ""


def _cell(cell: Cell) -> str:
    return _text(cell.text if isinstance(cell, Link) else cell)


def _text(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
