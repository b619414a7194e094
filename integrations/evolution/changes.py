"""From what stands to what is wanted: the operations that get there, and whether the engine can do it in place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution import operations as ops
from chimera_metrics.integrations.evolution import part_operations as parts
from chimera_metrics.integrations.evolution.canonical import ColumnForm, Schema, TableForm, same_primary_key
from chimera_metrics.integrations.evolution.operation import ClickHouseOp
from chimera_metrics.integrations.evolution.types import converts_in_place

_FIXED_SETTINGS = {"index_granularity", "index_granularity_bytes", "enable_mixed_granularity_parts", "storage_policy"}
_NAMES = re.compile(r"\w+")


def plan(stands: Schema, wanted: Schema, managed: Collection[str]) -> list[ClickHouseOp]:
    """The operations, in the order in which they can run. What is neither wanted nor `managed` is left alone."""
    found: list[ClickHouseOp] = []
    for name, want in wanted.items():
        have = stands.get(name)
        if have is None:
            found.append(create(want))
        elif have.kind != want.kind:
            raise SchemaMismatch(
                f"{name} stands already and is not a {_KINDS[want.kind]}. Rename it, or the model of that name."
            )
        else:
            found.extend(_view_changes(have, want) if want.kind == "materialized" else table_changes(have, want))
    for name, have in stands.items():
        if name not in wanted and name in managed and have.kind != "other":
            found.append(create(have).reverse())  # type: ignore[arg-type]  # the reverse of ours is ours
    return sorted(found, key=lambda op: op.order)


_KINDS = {"table": "table of the MergeTree family", "materialized": "materialized view"}


def create(form: TableForm) -> ClickHouseOp:
    return ops.EnsureView(view_ddl(form)) if form.kind == "materialized" else ops.EnsureTable(form.ddl)


def view_ddl(form: TableForm) -> str:
    """`CREATE MATERIALIZED VIEW` without the columns, which follow from the SELECT."""
    comment = f"\nCOMMENT {quote(form.comment)}" if form.comment else ""
    return f"CREATE MATERIALIZED VIEW {form.name} TO {form.target} AS\n{_select(form)}{comment}"


def _select(form: TableForm) -> str:
    # The engine lays the statement out; the SELECT is its end.
    _, _, select = form.ddl.partition("\nAS SELECT")
    return f"SELECT{select}" if select else form.query


def _view_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    if have.target != want.target:
        yield ops.RemoveView(have.name, view_ddl(have))
        yield create(want)
        return
    if have.query != want.query:
        yield ops.ModifyView(want.name, _select(want), _select(have))
    if have.comment != want.comment:
        yield ops.SetTableComment(want.name, want.comment, have.comment)


def table_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    why = list(_not_in_place(have, want))
    if why:
        yield _rebuild(have, want, "; ".join(why))
        return
    yield from _key_changes(have, want)
    yield from _column_changes(have, want)
    yield from _index_changes(have, want)
    if have.settings != want.settings:
        yield ops.SetTableSettings(want.name, *_settings(have, want))
    if have.comment != want.comment:
        yield ops.SetTableComment(want.name, want.comment, have.comment)
    if have.ttl != want.ttl:
        yield ops.SetTableTtl(want.name, want.ttl, have.ttl)


def _not_in_place(have: TableForm, want: TableForm) -> Iterator[str]:
    """What the engine refuses to change, or would change at the risk of leaving the table unreadable."""
    for key, label in (("engine", "engine"), ("partition_key", "partition key"), ("sampling_key", "sampling key")):
        if getattr(have, key) != getattr(want, key):
            yield f"{label}: {getattr(have, key) or 'none'} -> {getattr(want, key) or 'none'}"
    if have.order_key != want.order_key and not _appended(have, want):
        yield f"order key: {have.order_key or 'none'} -> {want.order_key or 'none'}"
    elif have.primary_key != want.primary_key and not same_primary_key(have, want):
        yield f"primary key: {have.primary_key or 'none'} -> {want.primary_key or 'none'}"
    for name in sorted(_FIXED_SETTINGS):
        if have.settings.get(name) != want.settings.get(name):
            yield f"setting {name}: {have.settings.get(name)} -> {want.settings.get(name)}"
    bound = _bound(have)
    for name, old in have.columns.items():
        new = want.columns.get(name)
        if new is None and name in bound:
            yield f"column {name}, which a key needs, goes"
        elif new is not None and old.type != new.type and (name in bound or not converts_in_place(old.type, new.type)):
            yield f"type of {name}: {old.type} -> {new.type}"


def _bound(form: TableForm) -> set[str]:
    """Columns whose type the engine does not change: those of keys, of the engine, of indexes and projections."""
    texts = [form.partition_key, form.order_key, form.primary_key, form.sampling_key, form.engine.partition("(")[2]]
    return set(_NAMES.findall(" ".join([*texts, *form.indexes.values(), *form.projections.values()])))


def _appended(have: TableForm, want: TableForm) -> list[str]:
    """The new columns that the wanted order key has at its end, if that is all that it has more."""
    if not want.order_key.startswith(f"{have.order_key}, "):
        return []
    added = want.order_key[len(have.order_key) + 2 :].split(", ")
    new = all(name in want.columns and name not in have.columns and not want.columns[name].kind for name in added)
    return added if new else []


def _key_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    if have.order_key != want.order_key:
        columns = {name: want.columns[name].definition for name in _appended(have, want)}
        yield ops.ExtendOrderKey(want.name, want.order_key, columns, have.order_key)


def _column_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    in_key = _appended(have, want)
    for name, new in want.columns.items():
        old = have.columns.get(name)
        if old is None and name not in in_key:
            yield parts.EnsureColumn(want.name, name, new.definition, _before(want, name))
        elif old is not None and old != new:
            yield _modify(have, want, old, new)
    for name, old in have.columns.items():
        if name not in want.columns:
            yield parts.RemoveColumn(have.name, name, old.definition, _before(have, name))


def _before(table: TableForm, name: str) -> str:
    names = list(table.columns)
    index = names.index(name)
    return names[index - 1] if index else ""


def _modify(have: TableForm, want: TableForm, old: ColumnForm, new: ColumnForm) -> ClickHouseOp:
    if old.type == new.type or converts_in_place(new.type, old.type):
        undo: ClickHouseOp = parts.ModifyColumn(have.name, old.name, old.definition, _lost(new, old))
    else:
        # The way back narrows the type: refused by the engine half-way, it would leave the table unreadable.
        undo = _rebuild(want, have, f"type of {old.name}: {new.type} -> {old.type}")
    return parts.ModifyColumn(want.name, new.name, new.definition, _lost(old, new), undo)


def _lost(old: ColumnForm, new: ColumnForm) -> list[str]:
    """What a column has and the model does not want; MODIFY COLUMN keeps what it is not told to change."""
    kept = {"CODEC": (old.codec, new.codec), "COMMENT": (old.comment, new.comment)}
    lost = [part for part, (was, wanted) in kept.items() if was and not wanted]
    return [old.kind, *lost] if old.kind and not new.kind else lost


def _index_changes(have: TableForm, want: TableForm) -> Iterator[ClickHouseOp]:
    table = want.name
    for name, text in want.indexes.items():
        if have.indexes.get(name) != text:
            if name in have.indexes:
                yield parts.RemoveIndex(table, name, have.indexes[name])
            yield parts.EnsureIndex(table, name, text)
    for name, text in want.projections.items():
        if have.projections.get(name) != text:
            if name in have.projections:
                yield parts.RemoveProjection(table, name, have.projections[name])
            yield parts.EnsureProjection(table, name, text)
    yield from (parts.RemoveIndex(table, n, text) for n, text in have.indexes.items() if n not in want.indexes)
    yield from (parts.RemoveProjection(table, n, t) for n, t in have.projections.items() if n not in want.projections)


def _settings(have: TableForm, want: TableForm) -> tuple[dict[str, str | None], dict[str, str | None]]:
    names = [n for n in {**want.settings, **have.settings} if have.settings.get(n) != want.settings.get(n)]
    return {n: want.settings.get(n) for n in names}, {n: have.settings.get(n) for n in names}


def _rebuild(have: TableForm, want: TableForm, why: str) -> ops.RebuildTable:
    back = ops.RebuildTable(have.ddl, _copied(want, have), why=why)
    return ops.RebuildTable(want.ddl, _copied(have, want), was=back, why=why)


def _copied(have: TableForm, want: TableForm) -> dict[str, str]:
    """The columns to copy, with an expression over the old table that fails rather than lose a value."""
    copied: dict[str, str] = {}
    for name, new in want.columns.items():
        old = have.columns.get(name)
        if old is None or not old.stored or not new.stored:
            continue
        same = old.type == new.type or converts_in_place(old.type, new.type)
        copied[name] = f"`{name}`" if same else f"accurateCast(`{name}`, {quote(new.type)})"
    return copied
