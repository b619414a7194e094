"""Rows within a number of bytes: the first ones, and of a row that alone is longer what there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chimera_metrics.integrations.results import as_json

# Below this a shortened value says nothing; then the list that holds it ends sooner instead.
_WORTH = 64
_LONGEST_NAME = 60


def size(value: Any) -> int:
    """Bytes of a shaped value as JSON."""
    return len(as_json(value))


def fitting(rows: Sequence[list[Any]], room: int) -> list[list[Any]]:
    """The first rows, as many as have `room` bytes."""
    for count, row in enumerate(rows):
        room -= size(row) + 1
        if room < 0:
            return list(rows[:count])
    return list(rows)


def shortened(row: Sequence[Any], names: Sequence[str], room: int) -> tuple[list[Any], str]:
    """A row with its long values cut so that it has at most `room` bytes, and a sentence on what was cut.

    Texts keep their first characters, lists and maps their first items. Numbers and the like stay whole, so a row of
    very many columns may still be longer.
    """
    kept = _each(row, room)
    cut = [_said(name, one, whole) for name, one, whole in zip(names, kept, row, strict=True) if one != whole]
    if not cut:
        return kept, "The first row alone is longer than that; select fewer columns."
    return kept, (
        f"The first row alone is longer than that, so it is cut: {', '.join(cut)}. Read the rest of a value in parts, "
        "with substringUTF8(text, offset, length) or arraySlice(list, offset, length)."
    )


def _said(name: str, kept: Any, whole: Any) -> str:
    shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    if len(kept) == len(whole):
        return f"{shown} inside its items"
    return f"{shown} after {len(kept):,} {'characters' if isinstance(kept, str) else 'items'}"


def _cut(value: Any, room: int) -> Any:
    if isinstance(value, str):
        return _text(value, room)
    if isinstance(value, list):
        return _list(value, room)
    if isinstance(value, dict):
        return _map(value, room)
    return value


def _text(text: str, room: int) -> str:
    kept = text[: max(0, room - 2)]
    while kept and (length := size(kept)) > room:
        # Characters differ in length: by the share that is too much, and at least one.
        kept = kept[: min(len(kept) - 1, len(kept) * room // length)]
    return kept


def _list(items: list[Any], room: int) -> list[Any]:
    if size(items) <= room:
        return items
    if _level(list(map(size, items)), room - len(items) - 1) >= _WORTH:
        return _each(items, room)
    room -= 1
    for count, item in enumerate(items):
        room -= size(item) + 1
        if room < 0:
            return items[:count]
    return items


def _map(items: dict[str, Any], room: int) -> dict[str, Any]:
    for_values = room - sum(size(key) + 1 for key in items)
    if for_values > _WORTH * len(items):
        return dict(zip(items, _each(list(items.values()), for_values), strict=True))
    room -= 1
    kept: dict[str, Any] = {}
    for key, item in items.items():
        room -= size(key) + size(item) + 2
        if room < 0:
            break
        kept[key] = item
    return kept


def _each(items: Sequence[Any], room: int) -> list[Any]:
    """All items, the longest of them cut to one length."""
    sizes = list(map(size, items))
    level = max(_level(sizes, room - len(items) - 1), 0)
    return [item if length <= level else _cut(item, level) for item, length in zip(items, sizes, strict=True)]


def _level(sizes: list[int], room: int) -> int:
    """The length to which the longest have to come down so that all together have `room`."""
    left = len(sizes)
    for length in sorted(sizes):
        if length * left > room:
            return room // left
        room -= length
        left -= 1
    return max(sizes, default=0)
