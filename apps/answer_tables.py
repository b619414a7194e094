"""Answers as people read them: aligned columns where the terminal is wide enough, else a block of lines a row."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from chimera_metrics.apps.tables import say
from chimera_metrics.integrations.unseen import printable

_GAP = "  "
# A column that is folded keeps so many signs a line at least.
_FOLDED = 18
_NARROWEST = 20


def width_of_output() -> int | None:
    """Of the terminal, or what COLUMNS says; None where nobody looks at lines as a whole, such as in a pipe."""
    if os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty():
        return max(_NARROWEST, shutil.get_terminal_size().columns)
    return None


def print_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None = None) -> None:
    """Prints rows under their names, within `width` signs a line; numbers stand to the right."""
    for line in lines_of(names, rows, width):
        say(line)


def lines_of(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None) -> Iterator[str]:
    texts = [[text_of(value) for value in row] for row in rows]
    shown = [printable(name) for name in names]
    widths = [max(map(_cells, column)) for column in zip(shown, *texts, strict=True)]
    if width is not None and not _fit(widths, width):
        yield from _blocks(shown, texts, width)
        return
    right = list(map(_is_numeric, zip(*rows, strict=True))) or [False] * len(names)
    yield from _row(shown, widths, right)
    for row in texts:
        yield from _row(row, widths, right)


def _fit(widths: list[int], width: int) -> bool:
    """Narrows the widest columns until the line fits, if it can: their texts are folded."""
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while over > 0:
        widest = max(range(len(widths)), key=widths.__getitem__)
        next_one = max((other for place, other in enumerate(widths) if place != widest), default=0)
        narrowed = max(_FOLDED, widths[widest] - over, min(next_one, widths[widest] - 1))
        if narrowed >= widths[widest]:
            return False
        over -= widths[widest] - narrowed
        widths[widest] = narrowed
    return True


def text_of(value: Any) -> str:
    """A value on one line: null, numbers as they are, lists and maps as JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return printable(orjson.dumps(value, default=str).decode())
    return printable(str(value))


def _is_numeric(column: Sequence[Any]) -> bool:
    """Whether a column holds numbers, and perhaps nulls."""
    return {type(value) for value in column} - {type(None)} in ({int}, {float}, {int, float})


def _row(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    """One row, on several lines where a text is folded."""
    folded = [_folded(text, width) for text, width in zip(texts, widths, strict=True)]
    for number in range(max(map(len, folded), default=0)):
        cells = []
        for parts, width, to_the_right in zip(folded, widths, right, strict=True):
            text = parts[number] if number < len(parts) else ""
            room = " " * (width - _cells(text))
            cells.append(room + text if to_the_right else text + room)
        yield _GAP.join(cells).rstrip()


def _blocks(names: Sequence[str], texts: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Each row as lines of name and value."""
    beside = max(map(_cells, names)) + len(_GAP)
    below = beside > width // 2
    for number, row in enumerate(texts, 1):
        yield f"-- row {number} --"
        for name, text in zip(names, row, strict=True):
            parts = _folded(text, width - (2 if below else beside))
            if below:
                yield from (name, *(f"  {part}" for part in parts))
                continue
            yield f"{name}{' ' * (beside - _cells(name))}{parts[0]}".rstrip()
            yield from (f"{' ' * beside}{part}" for part in parts[1:])


def _folded(text: str, width: int) -> list[str]:
    """The text in pieces of so many signs, between words where there are some."""
    if _cells(text) <= width:
        return [text]
    # Of characters that take two places no more than half as many stand on a line.
    most = width if _cells(text) == len(text) else max(1, width // 2)
    return textwrap.wrap(text, most, break_on_hyphens=False) or [""]


def _cells(text: str) -> int:
    """The places that a text takes on a terminal: Chinese characters and emoji take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
