"""Writes the sample files of this folder: the same bytes on every run.

    python samples/make_samples.py [--out DIR]

Needs the standard library only. `story.py` says what happens, `model_rows.py`, `session_rows.py` and `pipeline_rows.py`
turn it into rows, and README.md says what an analyst should find.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from fields import Load, Row
from model_rows import bench_runs, llm_events
from pipeline_rows import deployments, episodes, watcher_runs
from session_rows import session_stats, ui_events
from story import SEED


def sample_files() -> dict[str, str]:
    """The text of each file by its name."""
    # One generator a table: a change to one leaves the others as they are.
    rngs = {name: random.Random(f"{SEED} {name}") for name in ("load", "bench", "ui", "llm", "rest")}
    load = Load(rngs["load"])
    runs, events = bench_runs(rngs["bench"], load), ui_events(rngs["ui"], load)
    written = episodes(rngs["rest"], runs, events)
    return {
        "bench_runs.jsonl": as_jsonl(runs),
        "ui_events.csv": as_csv(events),
        "llm_events.jsonl": as_jsonl(llm_events(rngs["llm"], load)),
        "episodes.jsonl": as_jsonl(written),
        "deployments.jsonl": as_jsonl(deployments(rngs["rest"], written)),
        "watcher_runs.jsonl": as_jsonl(watcher_runs(rngs["rest"], runs, events)),
        "session_stats.csv": as_csv(session_stats(events)),
    }


def as_jsonl(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_csv(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)  # None becomes an empty field
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the sample files.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    out: Path = parser.parse_args().out
    for name, content in sample_files().items():
        (out / name).write_text(content, encoding="utf-8", newline="\n")
        print(f"{name}: {content.count(chr(10))} lines")


if __name__ == "__main__":
    main()
