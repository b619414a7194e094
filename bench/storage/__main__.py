"""python -m bench.storage"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from bench.storage import columns, floors, reading, report, summary
from bench.storage.store import DAYS, ROWS, UNTIL, Store, fill_plain, opened

MARK = "<!-- Below this line the benchmark writes. -->"
DENSE = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what codecs, indexes and rollups cost and buy.")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="page below whose mark the tables are written")
    args = parser.parse_args()
    with opened(args.seed) as store:
        sections = []
        for section in measured(store, args.scale):
            print(section, flush=True)
            sections.append(section)
    if args.out is not None:
        prose = args.out.read_text(encoding="utf-8").partition(MARK)[0]
        args.out.write_text(f"{prose}{MARK}\n\n" + "\n\n".join(sections) + "\n", encoding="utf-8")


def measured(store: Store, scale: float) -> Iterator[str]:
    """The page's sections, each as soon as it is known."""
    (version,) = store.one("SELECT version()")
    command = "python -m bench.storage" + (f" --scale {scale:g}" if scale != 1 else "") + f" --seed {store.seed}"
    yield (
        f"Measured with `{command}` on ClickHouse {version} (embedded), {DAYS} days before {UNTIL}, parts merged. "
        "Bytes are bytes a row."
    )
    for table, rows in ROWS.items():
        store.fill("chimera_metrics", table, max(1, round(rows * scale)))
        fill_plain(store, table)
    lowest = {table: floors.measure(store, table) for table in ROWS}
    sized = {table: columns.measure(store, table) for table in ROWS}
    lines = [summary.summarise(store, table, sized[table], lowest[table]) for table in ROWS]
    yield "## Bytes a row\n\n" + report.summary([*lines, summary.together(lines)])
    for table in ROWS:
        yield f"## Columns of `{table}`\n\n" + report.columns(sized[table], lowest[table])
    yield "## Processor time of codecs\n\n" + report.timed(columns.time_codecs(store))
    yield "## Indexes\n\n" + report.indexes([reading.measure_index(store, index) for index in reading.INDEXES])
    sizes = {}
    for table in ("llm_events", "ui_events"):
        store.merge("chimera_metrics", f"{table}_hourly")
        sizes[f"{table}_hourly"] = (
            store.disk("chimera_metrics", f"{table}_hourly"),
            store.disk("chimera_metrics", table),
        )
    yield "## Rollups\n\n" + report.rollups(reading.measure_rollups(store, round(DENSE * scale / 2)), sizes)
    yield "## Layout of `ui_events`\n\n" + report.layouts(reading.measure_layouts(store, round(DENSE * scale)))
    yield "## Small days\n\n" + report.small_days(reading.measure_small_days(store))


if __name__ == "__main__":
    main()
