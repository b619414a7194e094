"""Arrow data to the engine and back to Python columns.

The embedded engine reads an Arrow stream itself, from memory; a server gets columns of Python values by its driver.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import literal, quote, quote_name
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.plain_values import uuids
from chimera_metrics.integrations.validation.rules import rules_of

# One piece of a hash: a table's own chunks say nothing about its rows.
_STRETCH = 65_536


def arrow_hash(table: str, data: Any) -> str:
    """SHA-256 of an Arrow table as received; the same for the same columns, types and rows however they are chunked.

    A dictionary is a layout, not a type: a column is known by its words. Raises InvalidInput for a column of unions
    that cannot be read.
    """
    import numpy as np

    from chimera_metrics.integrations.validation.arrow_layouts import has_dictionary, spelled_out_table

    # Written out, a dictionary's column is its indices: two batches of different words would be one.
    worded = any(has_dictionary(field.type) for field in data.schema)
    schema = spelled_out_table(data.slice(0, 0)).schema if worded else data.schema
    digest = hashlib.sha256(table.encode() + b"\narrow\n" + schema.remove_metadata().serialize().to_pybytes())
    for start in range(0, data.num_rows, _STRETCH):
        stretch = spelled_out_table(data.slice(start, _STRETCH))
        # Taken, not sliced: a slice is written with some bytes of its neighbours.
        alone = stretch.take(np.arange(stretch.num_rows)).combine_chunks()
        for batch in alone.replace_schema_metadata(None).to_batches():
            digest.update(batch.serialize())
    return digest.hexdigest()


def insert_arrow(executor: Executor, table: str, data: Any, settings: Mapping[str, Any]) -> None:
    """Stores a clean Arrow table as one block a partition."""
    if not executor.settings.embedded:
        executor.insert(table, data.column_names, columns(table, data), settings, types_of(table, data))
        return
    names = ", ".join(map(quote_name, data.column_names))
    clause = ", ".join(f"{name} = {literal(value)}" for name, value in settings.items())
    with _stream(data) as path:
        executor.command(
            f"INSERT INTO {quote_name(table)} ({names}) FROM INFILE {quote(path)} SETTINGS {clause} FORMAT ArrowStream"
        )


def columns(table: str, data: Any) -> list[list[Any]]:
    """A clean Arrow table as lists of Python values, as the row path makes them."""
    from chimera_metrics.integrations.validation.arrow_values import from_array

    rules = {rule.name: rule for rule in rules_of(table).rules}
    return [_column(rules[name], data.column(name), from_array) for name in data.column_names]


def _column(rule: ColumnRule, array: Any, read: Callable[[ColumnRule, Any], list[Any]]) -> list[Any]:
    if rule.kind != "uuid":
        return read(rule, array)
    # Ids are many, and the row path has a fast way to make them.
    values: list[Any] = array.to_pylist()
    present = iter(uuids(b"".join(value for value in values if value is not None)))
    return [None if value is None else next(present) for value in values]


@contextlib.contextmanager
def _stream(data: Any) -> Iterator[str]:
    """A path from which the engine can read the table: in memory where the system has that, else a temporary file."""
    import pyarrow as pa

    in_memory = hasattr(os, "memfd_create")
    if in_memory:
        descriptor = os.memfd_create("muse-insert")
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(suffix=".arrow")
    try:
        with open(descriptor, "wb", closefd=False) as file, pa.ipc.new_stream(file, data.schema) as stream:
            stream.write_table(data)
        yield path
    finally:
        os.close(descriptor)
        if not in_memory:
            os.unlink(path)


def types_of(table: str, data: Any) -> list[str]:
    """The engine's types of an Arrow table's columns."""
    types = {rule.name: rule.type for rule in rules_of(table).rules}
    return [types[name] for name in data.column_names]
