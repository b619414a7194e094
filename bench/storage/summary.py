"""One line a table: what a row takes in each form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.storage.columns import Column
from bench.storage.store import Store, jsonl

# Columns that are random ids through and through.
IDS = {"run_id", "session_id", "episode_run_id", "vercel_deployment_id", "url"}


@dataclass(frozen=True)
class Summary:
    """Bytes a row; `stored` is all that the table has on disk, `random` what ids and random text need of the floor."""

    table: str
    rows: int
    raw: float
    engine_raw: float
    jsonl: float
    plain: float
    stored: float
    floor: float
    random: float
    raw_without_ids: float
    stored_without_ids: float


def summarise(store: Store, table: str, columns: Sequence[Column], floors: dict[str, tuple[float, float]]) -> Summary:
    modelled, plain = store.disk("chimera_metrics", table), store.disk("plain", table)
    rest = [column for column in columns if column.name not in IDS]
    return Summary(
        table=table,
        rows=modelled.rows,
        raw=sum(column.raw for column in columns),
        engine_raw=plain.raw / plain.rows,
        jsonl=jsonl(store, table),
        plain=plain.per_row,
        stored=modelled.per_row,
        floor=sum(floor for floor, _ in floors.values()),
        random=sum(random for _, random in floors.values()),
        raw_without_ids=sum(column.raw for column in rest),
        # What is not data (marks, keys, indexes) is counted in full.
        stored_without_ids=modelled.per_row - sum(column.stored for column in columns if column.name in IDS),
    )


def together(found: Sequence[Summary]) -> Summary:
    """All tables, each row counted once."""
    rows = sum(s.rows for s in found)

    def mean(name: str) -> float:
        return sum(float(getattr(s, name)) * s.rows for s in found) / rows

    sizes = [name for name in Summary.__dataclass_fields__ if name not in ("table", "rows")]
    return Summary("all", rows, **{name: mean(name) for name in sizes})
