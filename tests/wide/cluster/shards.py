"""Two chDB shards behind the test wire, and a third server that spreads rows over them and asks them: is it right?

The shards are asked for rows only: chDB behind a wire cannot hand over half-made aggregates, as shards do. So each
table stands as the subquery of all its rows, and everything after them happens on the asking server. What is shown is
that no answer depends on which shard a row lies on: benchmark runs and sessions are whole on one, rollups add up.
"""

from __future__ import annotations

import contextlib
import math
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.models import FACT_TABLES, ROLLUPS, metadata
from tests.analytics.conftest import at
from tests.analytics.rows import bench, llm, session, ui, uuid
from tests.analytics.snapshots import SELECTS
from tests.analytics.test_both_engines import ROWS
from tests.support.wire_process import Wire
from tests.wide.cluster.tables import Finding

SPREAD = "spread"
KEYS = {"session_stats": "session_id", "ui_events": "session_id"}
_HERE = "<shard><replica><host>127.0.0.1</host><port>{}</port></replica></shard>"
_CONFIG = "<clickhouse><remote_servers><shards>{}</shards></remote_servers></clickhouse>"
_ALL_ROWS = {
    name: f"SELECT {', '.join(column.name for column in metadata.tables[name].columns)} FROM {name}_all"
    for name in (*FACT_TABLES, *(model.__tablename__ for model in ROLLUPS))
}
_TABLE = re.compile(rf"\b(FROM|JOIN)\s+({'|'.join(sorted(_ALL_ROWS, key=len, reverse=True))})\b(?!\.)(?:\s+AS\s+\2)?")
_INSERT = {"distributed_foreground_insert": 1, "async_insert": 0}


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[tuple[ClickHouseSettings, list[ClickHouseSettings]]]:
    """The server that asks, and the shards; each with the whole schema."""
    folder.mkdir(parents=True, exist_ok=True)
    with Wire() as one, Wire() as other, Wire() as asking:
        shards = [_settings(wire.start(path=folder / f"shard {at}").port) for at, wire in enumerate((one, other))]
        config = folder / "config.xml"
        config.write_text(_CONFIG.format("".join(_HERE.format(shard.port) for shard in shards)))
        front = _settings(asking.start(path=folder / "front", config_file=config).port)
        for settings in (front, *shards):
            runner.upgrade(settings)
        yield front, shards


def _settings(port: int) -> ClickHouseSettings:
    return ClickHouseSettings(host="127.0.0.1", port=port, secure=False, database="shop")


def spread(front: ClickHouseSettings, shards: list[ClickHouseSettings]) -> Iterator[Finding]:
    """Rows through Distributed tables, each block twice under its token; every Select beside the same on one server."""
    one, all_ = Executor(front), Executor(front.model_copy(update={"database": SPREAD}))
    for settings in (front, *shards):  # as on a cluster, where a database is everywhere
        with contextlib.closing(Executor(settings)) as server:
            server.command(f"CREATE DATABASE {SPREAD}")
    for table in (*FACT_TABLES, *(model.__tablename__ for model in ROLLUPS)):
        key = f"cityHash64({KEYS.get(table, 'run_id')})" if table in FACT_TABLES else "rand()"
        one.command(
            f"CREATE TABLE {SPREAD}.{table}_all AS shop.{table} ENGINE = Distributed(shards, shop, {table}, {key})"
        )
    for table, rows in _rows().items():
        names = sorted({name for row in rows for name in row})
        data = [[row.get(name) for row in rows] for name in names]
        one.insert(table, names, data, {"async_insert": 0})
        for _ in range(2):
            all_.insert(f"{table}_all", names, data, _INSERT | {"insert_deduplication_token": f"rows of {table}"})
    yield from _spread_out(one, shards)
    for name, statement in SELECTS.items():
        if name != "estimate":  # counts parts, which differ
            yield name, _differs(name, statement, one, all_)
    yield "a key that splits a run's versions is seen", _control(one, all_)
    one.close()
    all_.close()


def _control(one: Executor, all_: Executor) -> str:
    """The runs once more, each row on any shard: FINAL is each shard's own, so runs count twice."""
    one.command(
        f"CREATE TABLE {SPREAD}.split AS shop.bench_runs ENGINE = Distributed(shards, shop, bench_runs, rand())"
    )
    rows = _rows()["bench_runs"]
    names = sorted({name for row in rows for name in row})
    all_.insert("split", names, [[row.get(name) for row in rows] for name in names], _INSERT)
    return "" if _differs("runs", SELECTS["metric.bench.runs"], one, all_) else "it is not"


def _rows() -> dict[str, list[dict[str, Any]]]:
    """Those of the suite and many more; benchmark runs that were sent again, also on another day."""
    chance = random.Random(21)
    kinds = ("query_submit", "overlay_open", "error")
    found = {table: list(rows) for table, rows in ROWS.items()}
    for number in range(300):
        day = chance.randrange(1, 10)
        found["ui_events"].append(ui(at(day), number % 23, chance.choice(kinds), float(chance.randrange(1, 900))))
        found["llm_events"].append(
            llm(at(day), float(chance.randrange(1, 900)), tokens_in=number) | {"run_id": uuid(number)}
        )
        found["bench_runs"].append(bench(at(day), 100 + number % 60, float(number), model="llama"))
        found["session_stats"].append(session(at(day, 3), number % 23, chance.choice((0.0, 0.25, 0.5))))
    return found


def _spread_out(one: Executor, shards: list[ClickHouseSettings]) -> Iterator[Finding]:
    counts: dict[str, list[int]] = {}
    for settings in shards:
        shard = Executor(settings)
        for table in ("ui_events", "llm_events", "session_stats"):
            counts.setdefault(table, []).append(int(shard.scalar(f"SELECT count() FROM {table}")))
        shard.close()
    for table, held in counts.items():
        wanted = int(one.scalar(f"SELECT count() FROM {table}"))
        yield f"{table} on both shards, once", "" if sum(held) == wanted and min(held) > 0 else f"{held} of {wanted}"


def _differs(name: str, statement: Any, one: Executor, all_: Executor) -> str:
    try:
        text = all_.compile(statement)
        ours = sorted(one.read(text).rows, key=repr)
        theirs = sorted(all_.read(_from_shards(text)).rows, key=repr)
    except MuseError as error:
        return f"{type(error).__name__}: {error.sentence[:200]}"
    if len(ours) != len(theirs):
        return f"{len(theirs)} rows, not {len(ours)}"
    for row, other in zip(ours, theirs, strict=True):
        if not all(map(_alike, row, other)):
            return f"{other} is not {row}"[:300]
    return ""


def _from_shards(text: str) -> str:
    """The statement with the rows of the shards where its tables stand; what a subquery finds is sent to them, as
    `distributed_product_mode = global` has it where tables stand as they are."""
    text = re.sub(r"\b(NOT )?IN \((?=\s*SELECT)", r"GLOBAL \1IN (", text)
    return _TABLE.sub(lambda found: f"{found[1]} ({_ALL_ROWS[found[2]]}) AS {found[2]}", text)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
