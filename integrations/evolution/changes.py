"""From what stands to what is wanted: the operations that get there, in the order in which they can run.

Each operation's own file says when it is needed; here they are put together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution.canonical import Schema, TableForm
from chimera_metrics.integrations.evolution.columns import column_changes
from chimera_metrics.integrations.evolution.constraints import constraint_changes
from chimera_metrics.integrations.evolution.indexes import part_changes
from chimera_metrics.integrations.evolution.keys import ExtendOrderKey
from chimera_metrics.integrations.evolution.operation import ClickHouseOp
from chimera_metrics.integrations.evolution.rebuild import RebuildTable, not_in_place
from chimera_metrics.integrations.evolution.tables import (
    EnsureTable,
    SetTableComment,
    SetTableSettings,
    SetTableTtl,
)
from chimera_metrics.integrations.evolution.views import EnsureView, ModifyView


def plan(stands: Schema, wanted: Schema, managed: Collection[str]) -> list[ClickHouseOp]:
    """The operations, in the order in which they can run. What is neither wanted nor `managed` is left alone."""
    found: list[ClickHouseOp] = []
    for name, want in wanted.items():
        have = stands.get(name)
        if have is None:
            found.append(_create(want))
        elif have.kind != want.kind:
            raise SchemaMismatch(
                f"{name} stands already and is not a {_KINDS[want.kind]}. Rename it, or the model of that name."
            )
        else:
            found.extend(_view_changes(have, want) if want.kind == "materialized" else table_changes(have, want))
    for name, have in stands.items():
        if name not in wanted and name in managed and have.kind != "other":
            found.append(_create(have).reverse())
    return sorted(found, key=lambda op: op.order)


_KINDS = {"table": "table of the MergeTree family", "materialized": "materialized view"}


def _create(form: TableForm) -> EnsureView | EnsureTable:
    return EnsureView.of(form) if form.kind == "materialized" else EnsureTable(form.ddl)


def _view_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    if (have.target, have.refresh) != (want.target, want.refresh):
        yield EnsureView.of(have).reverse()
        yield EnsureView.of(want)
        return
    yield from ModifyView.changes(have, want)
    yield from SetTableComment.changes(have, want)


def table_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    why = list(not_in_place(have, want))
    if why:
        yield RebuildTable.between(have, want, "; ".join(why))
        return
    yield from ExtendOrderKey.changes(have, want)
    yield from column_changes(have, want)
    yield from part_changes(have, want)
    yield from constraint_changes(have, want)
    yield from SetTableSettings.changes(have, want)
    yield from SetTableComment.changes(have, want)
    yield from SetTableTtl.changes(have, want)
