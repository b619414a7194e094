"""Autogenerate: operations as the Python of a revision, multi-line SQL kept readable."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext

from integrations.clickhouse.alembic_support import operations as ops
from integrations.clickhouse.alembic_support import part_operations as parts
from integrations.clickhouse.alembic_support.operation import ClickHouseOp


@renderers.dispatch_for(ClickHouseOp)
def render(_context: AutogenContext, op: ClickHouseOp) -> list[str]:
    """`op.verb(arguments)`, with a remark where a reader must know more."""
    defaults = inspect.signature(type(op).__init__).parameters
    given = [
        (name, value)
        for name, value in op.arguments.items()
        if not (name in defaults and value in (defaults[name].default, ()) and value is not inspect.Parameter.empty)
    ]
    texts = [_value(value) if _positional(name) else f"{name}={_value(value)}" for name, value in given]
    call = f"op.{op.verb}({', '.join(texts)})"
    if "\n" not in call and len(call) > 110:
        inner = "".join(f"\n    {text}," for text in texts)
        call = f"op.{op.verb}({inner}\n)"
    return [*(f"# {line}" for line in _remarks(op)), *call.split("\n")] if _plain(call) else [*_comments(op), call]


def _comments(op: ClickHouseOp) -> list[str]:
    return [f"# {line}" for line in _remarks(op)]


def _plain(call: str) -> bool:
    return '"""' not in call


def _positional(name: str) -> bool:
    return name in {"ddl", "table", "name", "definition", "query", "order_by", "settings", "comment", "ttl", "to"}


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        rows = "".join(f"\n        {_text(key)}: {_value(item)}," for key, item in value.items())
        return (
            f"{{{rows}\n    }}"
            if len(value) > 2
            else f"{{{', '.join(f'{_text(k)}: {_value(v)}' for k, v in value.items())}}}"
        )
    return repr(value)


def _text(value: str) -> str:
    if "\n" not in value:
        if '"' in value or "\\" in value:
            return repr(value)
        return f'"{value}"'
    if '"""' in value or value.endswith(('"', "\\")):
        return repr(value)
    return f'{"r" if chr(92) in value else ""}"""\n{value}\n"""'


def _remarks(op: ClickHouseOp) -> list[str]:
    if isinstance(op, ops.RebuildTable):
        return [f"Not possible in place ({op.why}): a new table is filled and exchanged. Stop what writes there."]
    if isinstance(op, ops.RemoveTable):
        return [f"Drops the rows of {op.name}."]
    if isinstance(op, parts.RemoveColumn):
        return [f"Drops the values of {op.name}. If it was renamed, write op.rename_column in place of drop and add."]
    if isinstance(op, ops.EnsureView | ops.ModifyView):
        return ["Rows written before are not in the view's target: op.fill_rollup brings it up to them."]
    return []
