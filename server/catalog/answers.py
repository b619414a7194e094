"""The shapes of the tools' answers, from which their output schemas come. Fields are those of the contract."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

# Without a schema for the items: clients check each value of a described list, 0.1 s for 1,000 rows.
Rows = Annotated[list[list[Any]], WithJsonSchema({"type": "array"})]


class ColumnAnswer(TypedDict):
    name: str
    type: str


class ExportAnswer(TypedDict):
    uri: str
    format: str
    rows: int
    bytes: int
    expires: str


class QueryAnswer(TypedDict):
    columns: list[ColumnAnswer]
    rows: Rows
    row_count: int
    truncated: NotRequired[bool]
    truncated_reason: NotRequired[str | None]
    elapsed_ms: float
    rows_read: int
    bytes_read: int
    query_id: str
    notes: NotRequired[list[str]]
    export: NotRequired[ExportAnswer]


class DescribedColumn(TypedDict):
    name: str
    type: str
    unit: NotRequired[str | None]
    meaning: NotRequired[str]
    nullable: NotRequired[bool]
    values: NotRequired[list[str] | None]


class DescribedTable(TypedDict):
    name: str
    meaning: str
    rows: int
    oldest: str | None
    newest: str | None
    engine: NotRequired[str]
    order_by: NotRequired[str]
    partition_by: NotRequired[str]
    columns: list[DescribedColumn]


class DescribedMetric(TypedDict):
    name: str
    unit: NotRequired[str | None]
    meaning: str


class DescribeAnswer(TypedDict):
    tables: list[DescribedTable]
    metrics: list[DescribedMetric]
    dimensions: list[str]
    schema_revision: str
    note: NotRequired[str | None]


class RejectedRow(TypedDict):
    index: int
    field: str | None
    error: str


class InsertAnswer(TypedDict):
    table: str
    batch_id: str | None
    received: int
    inserted: int
    duplicates: int
    replaced: int
    rejected_count: int
    quarantined: int
    rejected: list[RejectedRow]
    masked: NotRequired[dict[str, int]]
    rounded: NotRequired[dict[str, int]]
    note: NotRequired[str | None]
