"""Autogenerate: operations as the Python of a revision, multi-line SQL kept readable."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import dropwhile
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext

from chimera_metrics.integrations.evolution.operation import ClickHouseOp

_POSITIONAL = {"ddl", "table", "name", "definition", "query", "order_by", "settings", "comment", "ttl", "to"}
_WIDTH = 110


@renderers.dispatch_for(ClickHouseOp)
def render(_context: AutogenContext, op: ClickHouseOp) -> list[str]:
    """`op.verb(arguments)`, under a remark where a reader must know more."""
    given = [(name, value) for name, value in op.arguments.items() if value not in (None, ())]
    # What follows an argument that needs its name is named too.
    named = {name for name, _ in dropwhile(lambda pair: pair[0] in _POSITIONAL, given)}
    texts = [f"{name}={_value(value)}" if name in named else _value(value) for name, value in given]
    call = f"op.{op.verb}({', '.join(texts)})"
    if "\n" not in call and len(call) > _WIDTH:
        call = f"op.{op.verb}(" + "".join(f"\n    {text}," for text in texts) + "\n)"
    return [*(f"# {remark}" for remark in op.remarks()), call]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        items = [f"{_text(key)}: {_value(item)}" for key, item in value.items()]
        if len(items) > 2:
            return "{" + "".join(f"\n        {item}," for item in items) + "\n    }"
        return "{" + ", ".join(items) + "}"
    return repr(value)


def _text(value: str) -> str:
    if "\n" not in value:
        if '"' in value or "\\" in value:
            return repr(value)
        return f'"{value}"'
    if '"""' in value or value.endswith(('"', "\\")):
        return repr(value)
    return f'{"r" if chr(92) in value else ""}"""\n{value}\n"""'
