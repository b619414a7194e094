"""A result as a notebook shows it: its table, what is to be said of it, and nothing that a stored text could run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from html import escape
from typing import Any

from chimera_metrics.integrations.results.frames import table_of
from chimera_metrics.integrations.results.json_text import as_json

_ROWS = 50
_LONGEST = 200


def html(result: Mapping[str, Any]) -> str:
    """At most 50 rows, with a line on how many there are, the notes, and the reason of a cut."""
    names, types, rows = table_of(result)
    heads = "".join(_head(name, type_) for name, type_ in zip(names, types, strict=True))
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows[:_ROWS])
    said = [_counted(len(rows), len(names)), *_sentences(result)]
    lines = "".join(f"<p>{escape(line)}</p>" for line in said)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{lines}"


def _head(name: str, type_: str | None) -> str:
    title = f' title="{escape(type_)}"' if type_ else ""
    return f"<th{title}>{escape(str(name))}</th>"


def _cell(value: Any) -> str:
    if value is None:
        return "<td>–</td>"
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    text = value if isinstance(value, str) else as_json(value).decode().strip('"')
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f'<td style="text-align: {"right" if number else "left"}">{escape(shown)}</td>'


def _counted(rows: int, columns: int) -> str:
    there = f"{rows:,} row{'' if rows == 1 else 's'}, {columns} column{'' if columns == 1 else 's'}"
    return f"{_ROWS} of {there}; to_pandas() has all." if rows > _ROWS else f"{there}."


def _sentences(result: Mapping[str, Any]) -> list[str]:
    reason = result.get("reason")
    found = [result.get("truncated_reason"), result.get("note"), *(result.get("notes") or [])]
    found.append(reason.get("text") if isinstance(reason, Mapping) else None)
    return [line for line in found if isinstance(line, str)]
