"""Operational facts about an AI content pipeline, in ClickHouse.

In a clone the rooms stand beside this folder and are imported from there; an installed package holds them. The links
in this folder are for type checkers and editors alone: nothing at run time follows them.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
if (_HERE / "models").is_symlink() or not (_HERE / "models").is_dir():  # a clone, with its links or without
    __path__.insert(0, str(_HERE.parent))

_PUBLIC = {"ClickHouseClient": "integrations.clickhouse_client"}


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
