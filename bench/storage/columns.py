"""Bytes of each column under each codec that could suit it, and the processor time of some."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.storage.store import DAY, Store, create, raw_bytes, types

SAMPLE_DAYS = 6
_ZSTD = ("LZ4", "ZSTD(1)", "ZSTD(3)")
_CODECS = {
    "number": (
        *_ZSTD,
        "Delta, ZSTD(1)",
        "DoubleDelta, ZSTD(1)",
        "T64, ZSTD(1)",
        "Delta, T64('bit'), ZSTD(1)",
        "GCD, ZSTD(1)",
        "GCD, T64, ZSTD(1)",
    ),
    # 128 bits wide, which T64, Delta and GCD do not take.
    "money": (*_ZSTD, "ZSTD(6)"),
    "float": (*_ZSTD, "ZSTD(6)", "Delta, ZSTD(1)", "Gorilla, ZSTD(1)", "FPC, ZSTD(1)", "ALP, ZSTD(1)"),
    "id": ("NONE", *_ZSTD),
    "text": (*_ZSTD, "ZSTD(6)", "ZSTD(9)"),
    "word": _ZSTD,
    "commit": _ZSTD,
}


@dataclass(frozen=True)
class Column:
    """Bytes a row of one column: raw, in plain types with LZ4, as modelled, and under (type or none, codec) tried."""

    name: str
    codec: str
    raw: float
    plain: float
    stored: float
    tried: dict[tuple[str, str], float]


def kind(type_: str) -> str:
    inner = re.sub(r"^Nullable\((.*)\)$", r"\1", type_)
    if inner.startswith("Float"):
        return "float"
    if inner == "UUID":
        return "id"
    if inner == "Decimal(21, 9)":
        return "money"
    if inner.startswith("FixedString"):
        return "commit"
    if inner.startswith("LowCardinality"):
        return "word"
    return "text" if inner == "String" else "number"


def candidates(type_: str) -> list[tuple[str, str]]:
    """(type, codec) to try."""
    of = kind(type_)
    found = [(type_, codec) for codec in _CODECS[of]]
    if of == "text":
        found += [(f"LowCardinality({type_})", "ZSTD(1)")]
    if of in ("word", "commit"):
        string = "Nullable(String)" if "Nullable" in type_ else "String"
        found += [(string, codec) for codec in _ZSTD]
    return found


def chosen(store: Store, table: str) -> dict[str, str]:
    found = store.ask(
        f"SELECT name, compression_codec FROM system.columns WHERE database = 'chimera_metrics' AND table = '{table}'"
    )
    return {name: codec.removeprefix("CODEC(")[:-1].replace("(8)", "").replace("(4)", "") for name, codec in found.rows}


def measure(store: Store, table: str) -> list[Column]:
    """Every column of the table under every candidate, on the newest days, in the model's order and block size."""
    names, codecs = types(store, table), chosen(store, table)
    trials = {
        name: [(type_, codecs[name]), *(pair for pair in candidates(type_) if pair != (type_, codecs[name]))]
        for name, type_ in names.items()
    }
    extra = {f"{name}__{i}": (name, *pair) for name, pairs in trials.items() for i, pair in enumerate(pairs)}
    listed = [f"{name} {type_}" for name, type_ in names.items()]
    listed += [f"{column} {type_} CODEC({codec})" for column, (_, type_, codec) in extra.items()]
    (engine,) = store.one(
        f"SELECT engine_full FROM system.tables WHERE database = 'chimera_metrics' AND name = '{table}'"
    )
    block = re.search(r", (min_compress_block_size = \d+)", engine)
    create(store, "trial.columns", ", ".join(listed), table, f", {block[1]}" if block else "")
    store.run(
        f"INSERT INTO trial.columns ({', '.join([*names, *extra])}) "
        f"SELECT {', '.join([*names, *(name for name, _, _ in extra.values())])} FROM chimera_metrics.{table} "
        f"WHERE {DAY[table]} > (SELECT max({DAY[table]}) FROM chimera_metrics.{table}) - {SAMPLE_DAYS}"
    )
    store.merge("trial", "columns")
    rows, sizes = store.disk("trial", "columns").rows, store.columns("trial", "columns")
    plain, plain_rows = store.columns("plain", table), store.disk("plain", table).rows
    raws = store.one(f"SELECT {', '.join(raw_bytes(name, type_) for name, type_ in names.items())} FROM plain.{table}")
    made = []
    for name, raw in zip(names, raws, strict=True):
        tried = {
            ("" if type_ == names[name] else type_, codec): sizes[f"{name}__{i}"][0] / rows
            for i, (type_, codec) in enumerate(trials[name])
        }
        stored = tried.pop(("", codecs[name]))
        made.append(Column(name, codecs[name], raw, plain[name][0] / plain_rows, stored, tried))
    store.run("DROP TABLE trial.columns SYNC")
    return made


TIMED = {
    ("ui_events", "ts"): ("LZ4", "ZSTD(1)", "Delta, ZSTD(1)", "Delta, T64('bit'), ZSTD(1)"),
    ("llm_events", "tokens_in"): ("LZ4", "ZSTD(1)", "T64, ZSTD(1)"),
    ("llm_events", "latency_ms"): ("LZ4", "ZSTD(1)", "ZSTD(3)", "ZSTD(6)"),
    ("llm_events", "run_id"): ("LZ4", "NONE", "ZSTD(1)"),
    ("llm_events", "model"): ("LZ4", "ZSTD(1)", "ZSTD(3)"),
    ("ui_events", "metadata"): ("LZ4", "ZSTD(1)", "ZSTD(3)", "ZSTD(6)", "ZSTD(9)"),
}


@dataclass(frozen=True)
class Timed:
    """Bytes a row, and processor time of writing and of reading a whole column against LZ4's."""

    table: str
    column: str
    codec: str
    bytes: float
    insert: float
    scan: float


def time_codecs(store: Store, repeats: int = 5) -> list[Timed]:
    found: list[Timed] = []
    for (table, column), codecs in TIMED.items():
        type_ = types(store, table)[column]
        store.run(f"CREATE TABLE trial.rows (c {type_}) ENGINE = Memory")
        order = "event_type" if table == "ui_events" else "source"
        store.run(
            f"INSERT INTO trial.rows SELECT {column} FROM chimera_metrics.{table} ORDER BY toDate(ts), {order}, ts"
        )
        took: dict[str, tuple[float, float, float]] = {}
        for codec in codecs * repeats:
            # In turns, so that other work on the machine meets all of them alike; the fastest of each counts.
            store.run(
                f"CREATE TABLE trial.timed (c {type_} CODEC({codec})) ENGINE = MergeTree ORDER BY () "
                "SETTINGS min_bytes_for_wide_part = 0"
            )
            insert = store.run("INSERT INTO trial.timed SELECT c FROM trial.rows SETTINGS max_threads = 1")
            disk, sizes = store.disk("trial", "timed"), store.columns("trial", "timed")
            scan = store.run("INSERT INTO FUNCTION null('c UInt64') SELECT ignore(c) FROM trial.timed")
            before = took.get(codec, (0.0, insert, scan))
            took[codec] = (sizes["c"][0] / disk.rows, min(before[1], insert), min(before[2], scan))
            store.run("DROP TABLE trial.timed SYNC")
        base = took["LZ4"]
        found += [Timed(table, column, codec, b, i / base[1], s / base[2]) for codec, (b, i, s) in took.items()]
        store.run("DROP TABLE trial.rows SYNC")
    return found
