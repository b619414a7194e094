"""Rows for benchmarks, made by the engine itself: INSERT … SELECT … FROM numbers(…).

    python -m bench.generate --path DIR --table ui_events --rows 1000000 --days 400

The data is meant to be honest about compression and speed: ids are random, texts carry random values, latencies are
lognormal with decimals, days and sessions differ, values are missing. Every value is a hash of its row's number and
the seed, so that the same call makes the same rows, however many threads the engine uses. The words that are drawn
from stand in `words.py`.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from bench import words
from chimera_metrics.models import FACT_TABLES, RUN_IDENTITY, insertable

# An insert may span at most 100 partitions, and tables have one a day.
CHUNK_DAYS = 30
WORKDAY, WEEKEND = 10, 6
# Rows come in order of days; blocks of this size hold few days each and are sorted half again as fast as the
# default of a million rows, for a few more parts.
SETTINGS = "SETTINGS min_insert_block_size_rows = 131072, min_insert_block_size_bytes = 0"
# Rows lie in blocks of this many, which are cut at random into four sessions.
BLOCK = 32

# The order of a plain table: that of the model, without its codecs, indexes and settings.
ORDERS = {
    "bench_runs": ", ".join(RUN_IDENTITY),
    "llm_events": "source, ts",
    "ui_events": "event_type, ts",
    "episodes": "series, episode_num",
    "deployments": "ts",
    "watcher_runs": "ts",
    "session_stats": "hour, session_id",
}


@dataclass(frozen=True)
class Draw:
    """SQL expressions for random values, each by the name of what is drawn; `of` is what the value belongs to."""

    seed: int

    def hash(self, name: str, of: str = "number") -> str:
        return f"cityHash64({of}, {zlib.crc32(f'{self.seed} {name}'.encode())})"

    def uniform(self, name: str, of: str = "number") -> str:
        """In [0, 1)."""
        return f"(bitShiftRight({self.hash(name, of)}, 11) / 9007199254740992)"

    def below(self, n: int, name: str, of: str = "number") -> str:
        return f"({self.hash(name, of)} % {n})"

    def chance(self, share: float, name: str, of: str = "number") -> str:
        return f"({self.hash(name, of)} % 10000 < {round(share * 10000)})"

    def normal(self, name: str, of: str = "number") -> str:
        radius, angle = self.uniform(f"{name} radius", of), self.uniform(f"{name} angle", of)
        return f"(sqrt(-2 * log(1 - {radius})) * cos(6.283185307179586 * {angle}))"

    def lognormal(self, median: str | float, sigma: float, name: str, of: str = "number") -> str:
        return f"({median} * exp({sigma} * {self.normal(name, of)}))"

    def word(self, weighted: dict[str, int], name: str, of: str = "number") -> str:
        spread = [word for word, weight in weighted.items() for _ in range(weight)]
        return f"{array(spread)}[1 + {self.below(len(spread), name, of)}]"

    def uuid(self, name: str, of: str = "number") -> str:
        return f"reinterpretAsUUID(sipHash128({of}, {zlib.crc32(f'{self.seed} {name}'.encode())}))"

    def unless(self, share: float, name: str, value: str) -> str:
        """The value, or null in this share of the rows."""
        return f"if({self.chance(share, f'{name} is null')}, NULL, {value})"


def array(values: Sequence[str] | Sequence[int] | Sequence[float]) -> str:
    """A literal; words hold no quotes."""
    return "[" + ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in values) + "]"


def rounded(value: str, digits: int = 3) -> str:
    return f"round({value}, {digits})"


def money(value: str) -> str:
    return f"toDecimal64(round({value}, 6), 6)"


# Before its columns, a statement defines in steps the row's slot of the table of days and its milliseconds of the
# day, and from these `ts`, `level` (how slow the day was, about 1) and `commit`.
def _scattered(draw: Draw) -> list[dict[str, str]]:
    """Rows that do not hang together, at any time of the day."""
    return [{"slot": "intDiv(r * slots, total)", "ms": draw.below(86_400_000, "time of day")}]


def _in_sessions(draw: Draw) -> list[dict[str, str]]:
    """Sessions of 8 events on average, more of them at midday; all events of one lie on its day."""
    cuts = [f"1 + {draw.below(BLOCK - 1, f'cut {i}', f'intDiv(number, {BLOCK})')}" for i in range(3)]
    started = ", ".join(f"if(({cut}) AS cut_{i} <= offset, cut_{i}, 0)" for i, cut in enumerate(cuts))
    start = f"({draw.uniform('start', 'session')} + {draw.uniform('start too', 'session')})"
    return [
        {"offset": f"number % {BLOCK}"},
        {"nth": f"offset - greatest({started})"},
        # The number of the session's first event tells it from all others.
        {"session": "number - nth", "slot": "intDiv((r - nth) * slots, total)"},
        {"ms": f"toUInt64(3600000 + 38000000 * {start}) + nth * 20000 + {draw.below(15_000, 'pause')}"},
    ]


def bench_runs(draw: Draw) -> dict[str, str]:
    base = f"({array(words.MODEL_MS)}[m] * {array(words.QUANT_FACTORS)}[q] * {array(words.DATASET_FACTORS)}[d] * level)"
    return {
        "ts": "ts",
        "run_id": draw.uuid("run"),
        "commit_sha": draw.unless(0.03, "commit", "commit"),
        "model": f"{array(words.MODELS)}[{draw.below(len(words.MODELS), 'model')} + 1 AS m]",
        "quant": f"{array(words.QUANTS)}[{draw.below(len(words.QUANTS), 'quant')} + 1 AS q]",
        "dataset": f"{array(words.DATASETS)}[{draw.below(len(words.DATASETS), 'dataset')} + 1 AS d]",
        "latency_p50_ms": rounded(draw.lognormal(base, 0.05, "p50") + " AS p50"),
        "latency_p95_ms": rounded(f"p50 * (1.4 + 0.4 * {draw.uniform('p95')}) AS p95"),
        "latency_p99_ms": draw.unless(0.04, "p99", rounded(f"p95 * (1.1 + 0.4 * {draw.uniform('p99')})")),
        "tokens_per_sec": rounded(draw.lognormal("14000 / p50", 0.03, "speed"), 2),
        "cost_per_1k": money(draw.lognormal("p50 * 0.0000018", 0.05, "cost")),
        "memory_peak_mb": draw.unless(
            0.04, "memory", rounded(draw.lognormal(f"{array(words.QUANT_MB)}[q]", 0.01, "memory"), 1)
        ),
    }


def llm_events(draw: Draw) -> dict[str, str]:
    request = f"lower(hex({draw.hash('request')}))"
    said = f"if(ended = 'timeout', 'no answer within 30 s', {draw.word(words.LLM_ERRORS, 'error')})"
    error = f"concat({said}, ' (request req_', {request}, ', attempt ', "
    error += f"toString(1 + {draw.below(4, 'attempt')}), ')')"
    latency = draw.lognormal("(180 + 11 * ifNull(got, 20)) * level", 0.3, "latency")
    return {
        "ts": "ts",
        "run_id": draw.uuid("run"),
        "source": draw.word(words.SOURCES, "source"),
        "model": f"{draw.word(words.LLM_MODELS, 'model')} AS llm",
        "operation": draw.word(words.OPERATIONS, "operation"),
        "tokens_in": f"toUInt32({draw.lognormal(900, 0.8, 'tokens in')}) AS sent",
        "tokens_out": f"if(ended = 'success', toUInt32({draw.lognormal(220, 0.7, 'tokens out')}) AS got, NULL)",
        "latency_ms": f"if(ended = 'timeout', NULL, {rounded(latency)})",
        # Local models and failed calls cost nothing that anyone could tell.
        "cost_usd": "if(ended != 'success' OR startsWith(llm, 'llama'), NULL, "
        + money("sent * 0.0000004 + got * 0.0000016")
        + ")",
        "status": f"{draw.word(words.LLM_STATUSES, 'status')} AS ended",
        "error_msg": f"if(ended = 'success', NULL, {error})",
    }


def ui_events(draw: Draw) -> dict[str, str]:
    kinds = [i for i, (_, weight, _) in enumerate(words.UI_EVENTS, 1) for _ in range(weight)]
    kind = f"if(nth = 0, 1, {array(kinds)}[1 + {draw.below(len(kinds), 'kind')}])"
    latency = draw.lognormal(f"({array([ms for _, _, ms in words.UI_EVENTS])}[kind] * level)", 0.35, "latency")
    which = [i for i, (_, weight, _) in enumerate(words.NUMBER_FACTS, 1) for _ in range(weight)]
    key = array([name for name, _, _ in words.NUMBER_FACTS])
    key += f"[{array(which)}[1 + {draw.below(len(which), 'key')}] AS k]"
    value = f"toString({draw.hash('value')} % {array([below for _, _, below in words.NUMBER_FACTS])}[k])"
    trace = f"if({draw.chance(0.25, 'traced')}, concat(',\"trace\":\"', lower(hex({draw.hash('trace')})), '\"'), '')"
    facts = f"""concat('{{"', {key}, '":', {value}, ',', """
    facts += f"""{draw.word(words.FACTS, "fact")}, {trace}, '}}')"""
    return {
        "ts": "ts",
        "session_id": draw.uuid("session", "session"),
        "commit_sha": draw.unless(0.03, "commit", "commit"),
        "event_type": f"{array([name for name, _, _ in words.UI_EVENTS])}[{kind} AS kind]",
        "latency_ms": f"if({array([int(ms == 0) for _, _, ms in words.UI_EVENTS])}[kind] = 1 "
        f"OR {draw.chance(0.03, 'latency is null')}, NULL, {rounded(latency)})",
        "user_agent": f"if({draw.chance(0.02, 'no agent', 'session')}, NULL, "
        f"{draw.word(words.USER_AGENTS, 'agent', 'session')})",
        "metadata": f"if({draw.chance(0.15, 'no facts')}, '{{}}', {facts})",
        "schema_version": "toUInt16(if(level_day % 400 < 120, 1, 2))",
    }


def episodes(draw: Draw) -> dict[str, str]:
    title = f"concat({draw.word(words.TITLE_STARTS, 'title')}, ' ', {draw.word(words.TITLE_ENDS, 'title too')}, "
    title += f"', part ', toString(1 + {draw.below(9, 'part')}))"
    return {
        "ts": "ts",
        "run_id": draw.uuid("run"),
        "series": f"{draw.word(words.SERIES, 'series')} AS of_series",
        "episode_num": "toUInt32(number + 1) AS nr",
        "title": title,
        "confidence_score": draw.unless(0.05, "confidence", rounded(f"sqrt({draw.uniform('confidence')})", 4)),
        "correlation_strength": draw.unless(0.1, "strength", rounded(f"tanh(0.6 + 0.4 * {draw.normal('r')})", 4)),
        "tokens_total": f"toUInt64({draw.lognormal(16000, 0.4, 'tokens')}) AS tokens",
        "cost_total": money(draw.lognormal("tokens * 0.0000042", 0.1, "cost")),
        "status": f"{draw.word(words.EPISODE_STATUSES, 'status')} AS stands",
        "file_path": "if(stands = 'failed', NULL, concat('episodes/', of_series, '/', toString(nr), '.md'))",
        "commit_sha": "if(stands = 'failed', NULL, commit)",
    }


def deployments(draw: Draw) -> dict[str, str]:
    deployment = f"base58Encode(toString(sipHash128(number, {draw.seed})))"
    error = f"concat({draw.word(words.BUILD_ERRORS, 'error')}, ' (line ', toString({draw.below(900, 'line')}), ')')"
    return {
        "ts": "ts",
        "run_id": draw.uuid("run"),
        "episode_run_id": draw.unless(0.02, "episode", draw.uuid("episode")),
        "status": f"{draw.word(words.DEPLOYMENT_STATUSES, 'status')} AS stands",
        "vercel_deployment_id": draw.unless(0.02, "deployment", f"concat('dpl_', {deployment})"),
        "url": f"if(stands = 'ready', concat('https://muse-', lower(hex({draw.hash('url')})), '.vercel.app'), NULL)",
        "duration_ms": f"if(stands = 'building', NULL, {rounded(draw.lognormal('38000 * level', 0.4, 'duration'))})",
        "error_msg": f"if(stands = 'error', {error}, NULL)",
    }


def watcher_runs(draw: Draw) -> dict[str, str]:
    def known(value: str) -> str:
        return f"if(found = 'error', NULL, {value})"

    return {
        "ts": "ts",
        "run_id": draw.uuid("run"),
        "hearts_commit": draw.unless(0.02, "hearts", "commit"),
        "packs_commit": draw.unless(0.02, "packs", f"{array(commits('packs', draw.seed, 40))}[1 + level_day % 40]"),
        "hearts_rows_found": known(f"if(found = 'missing_hearts', 0, 1 + {draw.below(12, 'hearts rows')})"),
        "packs_rows_found": known(f"if(found = 'missing_packs', 0, toUInt64({draw.lognormal(1800, 0.3, 'packs')}))"),
        "lag_seconds": known(rounded(draw.lognormal("if(found = 'lag_exceeded', 190000, 21000) * level", 0.5, "lag"))),
        "status": f"{draw.word(words.WATCHER_STATUSES, 'status')} AS found",
        "duration_ms": draw.unless(0.01, "duration", rounded(draw.lognormal("270 * level", 0.3, "duration"))),
    }


def session_stats(draw: Draw) -> dict[str, str]:
    errors = f"{array(words.ERROR_COUNTS)}[1 + {draw.below(len(words.ERROR_COUNTS), 'errors')}]"
    return {
        "hour": "toStartOfHour(toDateTime(ts, 'UTC'))",
        "session_id": draw.uuid("session"),
        "avg_latency_ms": draw.unless(0.04, "mean", draw.lognormal("310 * level", 0.25, "mean")),
        "error_rate": f"least({errors}, events) / events",
        "abandonment_rate": f"if(events = 1 OR {draw.chance(0.06, 'abandoned')}, 1, 0)",
        "events_count": f"toUInt32(1 + {draw.lognormal(5.5, 0.7, 'events')}) AS events",
        "duration_seconds": rounded(draw.lognormal("(events - 1) * 19", 0.4, "duration")),
    }


TABLES = {
    "bench_runs": (_scattered, bench_runs),
    "llm_events": (_scattered, llm_events),
    "ui_events": (_in_sessions, ui_events),
    "episodes": (_scattered, episodes),
    "deployments": (_scattered, deployments),
    "watcher_runs": (_scattered, watcher_runs),
    "session_stats": (_scattered, session_stats),
}


def commits(program: str, seed: int, count: int) -> list[str]:
    rng = Random(f"{seed} {program}")
    return [f"{rng.getrandbits(160):040x}" for _ in range(count)]


def day_levels(seed: int, days: int) -> list[float]:
    """How slow each day was: lognormal about 1, each day half like the last."""
    rng, level, levels = Random(f"{seed} levels"), 0.0, []
    for _ in range(days):
        level = 0.5 * level + rng.gauss(0, 0.09)
        levels.append(round(2.718281828**level, 4))
    return levels


def statements(
    table: str, rows: int, days: int, until: date, seed: int = 1, database: str = "chimera_metrics"
) -> Iterator[str]:
    """INSERTs that fill the table with exactly `rows` rows on the `days` days before `until`, oldest days first.

    Working days get more rows than weekends. Each statement spans at most `CHUNK_DAYS` partitions. Undefined for
    fewer than one row or day: ValueError.
    """
    if rows < 1 or days < 1:
        raise ValueError(f"rows and days must be at least 1, not {rows} and {days}.")
    if table not in TABLES:
        raise ValueError(f"Unknown table '{table}'. There are: {', '.join(TABLES)}.")
    before, make = TABLES[table]
    draw = Draw(seed)
    dates = [until - timedelta(days=days - i) for i in range(days)]
    weights = [WORKDAY if day.weekday() < 5 else WEEKEND for day in dates]
    levels, hearts = day_levels(seed, days), commits("hearts", seed, days // 3 + 1)
    done = 0
    for first in range(0, days, CHUNK_DAYS):
        chunk = range(first, min(first + CHUNK_DAYS, days))
        upto = rows * sum(weights[: chunk.stop]) // sum(weights)
        if chunk.stop < days:
            upto -= upto % BLOCK  # no session lies in two statements
        if upto == done:
            continue
        # A table of slots, as many for a day as it has weight, turns a row's place in the chunk into its day.
        slots = [day for day in chunk for _ in range(weights[day])]
        steps = [
            {"r": f"number - {done}", "slots": str(len(slots)), "total": str(upto - done)},
            *before(draw),
            {"level_day": f"{array(slots)}[1 + slot]"},
            {
                "level": f"{array([levels[day] for day in chunk])}[1 + level_day - {first}]",
                "commit": f"{array(hearts)}[1 + intDiv(level_day, 3)]",
                "ts": f"fromUnixTimestamp64Milli(toInt64({_epoch_ms(dates[0])} + level_day * 86400000 + ms), 'UTC')",
            },
        ]
        # Each step is a subquery, so that it is computed and analysed once, however often it is named.
        source = f"numbers({done}, {upto - done})"
        for step in steps:
            source = f"(SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in step.items())}\nFROM {source})"
        columns = make(draw)
        yield (
            f"INSERT INTO {database}.{table} ({', '.join(columns)})\n"
            "SELECT\n    " + ",\n    ".join(columns.values()) + f"\nFROM {source}\n{SETTINGS}"
        )
        done = upto


def _epoch_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def plain_table(table: str, database: str = "chimera_metrics") -> str:
    """DDL of the table with the model's columns and order, on a plain MergeTree: no codec, index or setting."""
    from clickhouse_sqlalchemy.drivers.native.base import dialect

    listed = ", ".join(
        f"{column.name} {column.type.compile(dialect=dialect())}" for column in insertable(FACT_TABLES[table])
    )
    day = "hour" if table == "session_stats" else "ts"
    return (
        f"CREATE TABLE IF NOT EXISTS {database}.{table} ({listed}) "
        f"ENGINE = MergeTree PARTITION BY toDate({day}) ORDER BY ({ORDERS[table]})"
    )


def main() -> None:
    import chdb.session

    parser = argparse.ArgumentParser(description="Fill a table of an embedded store with made-up rows.")
    parser.add_argument("--path", required=True, help="folder of the store; the table is created when it is not there")
    parser.add_argument("--table", choices=TABLES, default="ui_events")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--until", type=date.fromisoformat, default=date(2026, 7, 1), help="day after the last one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="chimera_metrics")
    args = parser.parse_args()
    session: Any = chdb.session.Session  # untyped
    store = session(args.path)
    try:
        store.query(f"CREATE DATABASE IF NOT EXISTS {args.database}")
        store.query(plain_table(args.table, args.database))
        began = time.perf_counter()
        for sql in statements(args.table, args.rows, args.days, args.until, args.seed, args.database):
            store.query(sql)
        took = time.perf_counter() - began
    finally:
        store.close()
    print(f"{args.table}: {args.rows:,} rows in {took:.2f} s, {args.rows / took:,.0f} rows/s")


if __name__ == "__main__":
    main()
