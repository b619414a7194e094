"""The measurements as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.storage.columns import Column, Timed
from bench.storage.reading import Layout, Rolled, Skipped
from bench.storage.store import Disk
from bench.storage.summary import Summary


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def summary(found: Sequence[Summary]) -> str:
    head = (
        "table", "rows", "raw", "engine's raw", "JSONL", "plain types, LZ4", "as modelled", "raw : modelled",
        "JSONL : modelled", "plain : modelled", "floor", "of it random", "raw : floor", "ids aside, raw : modelled",
    )  # fmt: skip
    lines = [
        (
            s.table,
            f"{s.rows:,}",
            f"{s.raw:.1f}",
            f"{s.engine_raw:.1f}",
            f"{s.jsonl:.0f}",
            f"{s.plain:.1f}",
            f"**{s.stored:.1f}**",
            f"**{s.raw / s.stored:.1f}**",
            f"{s.jsonl / s.stored:.1f}",
            f"{s.plain / s.stored:.1f}",
            f"{s.floor:.1f}",
            f"{s.random:.1f}",
            f"{s.raw / s.floor:.1f}",
            f"{s.raw_without_ids / s.stored_without_ids:.1f}",
        )
        for s in found
    ]
    return table(head, lines)


def columns(found: Sequence[Column], floors: dict[str, tuple[float, float]]) -> str:
    lines = []
    for c in found:
        others = sorted(c.tried.items(), key=lambda item: item[1])
        tried = "; ".join(f"{_way(*way)} {size:.2f}" for way, size in others)
        sizes = (f"{size:.2f}" for size in (c.raw, c.plain, c.stored, floors[c.name][0]))
        lines.append((f"`{c.name}`", *sizes, f"`{c.codec}`", tried))
    return table(("column", "raw", "plain, LZ4", "as modelled", "floor", "codec", "others tried"), lines)


def _way(type_: str, codec: str) -> str:
    beta = " (beta)" if "ALP" in codec else ""
    return f"{type_.partition('(')[0]} {codec}{beta}" if type_ else f"{codec}{beta}"


def timed(found: Sequence[Timed]) -> str:
    lines = [
        (f"`{t.table}.{t.column}`", f"`{t.codec}`", f"{t.bytes:.2f}", f"{t.insert:.1f}", f"{t.scan:.1f}") for t in found
    ]
    return table(("column", "codec", "bytes a row", "write, LZ4 = 1", "read, LZ4 = 1"), lines)


def indexes(found: Sequence[Skipped]) -> str:
    lines = [
        (
            f"`{s.index.table}.{s.index.column}`",
            f"`{s.index.kind}`, granularity {s.index.granularity}",
            "**yes**" if s.index.kept else "no",
            f"{s.bytes:.4f} ({s.bytes / s.per_row:.1%})",
            f"{s.parts[1]} to {s.parts[0]}",
            f"{s.granules[1]} to {s.granules[0]}",
            f"{s.bytes_read[1] / 1e6:.1f} to {s.bytes_read[0] / 1e6:.1f} MB",
            f"{s.time:.2f}",
        )
        for s in found
    ]
    head = (
        "look-up by",
        "index",
        "in the model",
        "bytes a row",
        "parts",
        "granules",
        "bytes read",
        "time, without = 1",
    )
    return table(head, lines)


def rollups(found: Sequence[Rolled], sizes: dict[str, tuple[Disk, Disk]]) -> str:
    asked = table(
        ("question", "of", "rows read", "share", "bytes read", "share", "time, rows = 1"),
        [
            (
                r.question,
                f"`{r.table}`",
                f"{r.rows.rows_read:,} to {r.rollup.rows_read:,}",
                f"{r.rollup.rows_read / r.rows.rows_read:.1%}",
                f"{r.rows.bytes_read / 1e6:.1f} to {r.rollup.bytes_read / 1e6:.1f} MB",
                f"{r.rollup.bytes_read / r.rows.bytes_read:.1%}",
                f"{r.rollup.elapsed_ms / r.rows.elapsed_ms:.2f}",
            )
            for r in found
        ],
    )
    stored = table(
        ("rollup", "rows", "of the table's", "bytes on disk", "of the table's"),
        [
            (
                f"`{name}`",
                f"{rollup.rows:,}",
                f"{rollup.rows / rows.rows:.1%}",
                f"{rollup.bytes:,}",
                f"{rollup.bytes / rows.bytes:.1%}",
            )
            for name, (rollup, rows) in sizes.items()
        ],
    )
    return f"{asked}\n\n{stored}"


def layouts(found: Sequence[Layout]) -> str:
    lines = [
        (
            layout.name,
            layout.disk.part_type.lower(),
            f"{layout.disk.per_row:.2f}",
            f"{layout.session_bytes:.2f}" if layout.session_bytes else "",
            f"{layout.lookup_ms:.0f} ms",
        )
        for layout in found
    ]
    return table(("`ui_events`", "parts", "bytes a row", "of it `session_id`", "look-up of a session"), lines)


def small_days(found: dict[str, Disk]) -> str:
    lines = [(f"`{name}`", f"{disk.bytes / disk.parts:,.0f}") for name, disk in found.items()]
    return table(("table", "bytes of a day with ten rows"), lines)
