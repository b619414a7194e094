"""How deep lists, maps and tuples are within each other, told without recursion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def items_of(value: Any) -> Iterable[Any]:
    """What a list, tuple or map holds; nothing where it is none."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def is_deeper(values: Iterable[Any], most: int) -> bool:
    """Whether in one of `values` more than `most` lists, maps and tuples are within each other, itself counted."""
    level = list(values)
    for _ in range(most + 1):
        level = [one for one in level if isinstance(one, dict | list | tuple)]
        if not level:
            return False
        level = [item for one in level for item in items_of(one)]
    return True
