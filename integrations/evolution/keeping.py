"""What is wanted of a table that somebody else made, with what it holds besides: adopting drops nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chimera_metrics.integrations.evolution import ddl_parts
from chimera_metrics.integrations.evolution.canonical import Schema, TableForm

_PARTS = {"columns": "", "indexes": "INDEX ", "projections": "PROJECTION ", "constraints": "CONSTRAINT "}
_ENTRY = re.compile(r"(INDEX |PROJECTION |CONSTRAINT |)(?:`((?:[^`\\]|\\.)*)`|(\w+))")


def extras(have: TableForm, want: TableForm) -> Iterator[tuple[str, str]]:
    """Kind and name of what stands and is not wanted: columns, indexes, projections, constraints."""
    for kind in _PARTS:
        for name in getattr(have, kind):
            if name not in getattr(want, kind):
                yield kind, name


def with_extras(stands: Schema, wanted: Schema) -> Schema:
    """The schema wanted, each table of it that stands keeping what it holds besides."""
    return {name: _kept(stands[name], want) if name in stands else want for name, want in wanted.items()}


def _kept(have: TableForm, want: TableForm) -> TableForm:
    more = list(extras(have, want))
    if not more or want.kind != "table" or have.kind != "table":
        return want
    head, entries, tail = ddl_parts.body(want.ddl)
    theirs = {_name(entry): entry for entry in ddl_parts.body(have.ddl)[1]}
    entries = [*entries, *(theirs[_PARTS[kind], name] for kind, name in more)]
    both: dict[str, Any] = {kind: {**getattr(want, kind), **_of(have, more, kind)} for kind in _PARTS}
    ddl = head.strip() + "\n(\n    " + ",\n    ".join(entries) + "\n)" + tail
    return replace(want, ddl=ddl, **both)


def _of(have: TableForm, more: list[tuple[str, str]], kind: str) -> dict[str, object]:
    return {name: getattr(have, kind)[name] for of, name in more if of == kind}


def _name(entry: str) -> tuple[str, str]:
    match = _ENTRY.match(entry)
    return (match[1], match[2] or match[3]) if match else ("", entry)
