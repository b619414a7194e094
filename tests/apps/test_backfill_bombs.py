"""Files of a few bytes that stand for gigabytes: little memory, small files, a sentence where nothing helps."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.conftest import Report

MUSE = Path(sys.executable).with_name("muse")
ROWS, TEXT = 250, "x" * 4_000_000
MOST_MEMORY, MOST_BYTES = 1_000_000_000, 10_000_000
# A process counts the memory of the one that it was started from; this one is small.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stderr=subprocess.STDOUT)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""
CALL = {"source": "s", "model": "m", "operation": "o", "status": "ok"}


def calls(texts: pa.Array) -> pa.Table:
    return pa.table({name: [value] * len(texts) for name, value in CALL.items()} | {"error_msg": texts})


def write(path: Path, texts: pa.Array, **how: object) -> None:
    parquet.write_table(calls(texts), path, compression="zstd", **how)


def dictionary(path: Path) -> None:
    write(path, pa.array([TEXT] * ROWS))


def large_dictionary(path: Path) -> None:
    write(path, pa.array([TEXT] * ROWS, pa.large_string()))


def small_groups(path: Path) -> None:
    write(path, pa.array([TEXT] * ROWS), use_dictionary=False, row_group_size=10)


def one_page(path: Path) -> None:
    write(path, pa.array([TEXT] * ROWS), use_dictionary=False)


def distinct(path: Path) -> None:
    write(path, pa.array([f"{number}{TEXT}" for number in range(ROWS)]))


def skewed(path: Path) -> None:
    texts = pa.array(["x"] * 200_000 + [TEXT] * 30 + ["x"] * 200_000)
    write(path, texts, use_dictionary=False)


def prefixes(path: Path) -> None:
    write(path, pa.array([TEXT] * ROWS), use_dictionary=False, column_encoding={"error_msg": "DELTA_BYTE_ARRAY"})


def fixed(path: Path) -> None:
    write(path, pa.array([TEXT.encode()] * ROWS, pa.binary(len(TEXT))))


def lists(path: Path) -> None:
    write(path, pa.array([[TEXT] * ROWS], pa.list_(pa.string())))


def packed_again(path: Path) -> None:
    with gzip.open(path, "wb") as out:
        for _ in range(100):
            out.write(bytes(10_000_000))


def json_rows(path: Path) -> None:
    opened = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}[path.suffix]
    with opened(path, "wt") as out:
        for _ in range(ROWS):
            out.write(json.dumps(CALL | {"error_msg": TEXT}) + "\n")


def long_line(path: Path) -> None:
    with pa.output_stream(str(path), compression="zstd") as out:
        out.write(b'{"error_msg": "')
        for _ in range(100):
            out.write(b"x" * 10_000_000)


def csv_rows(path: Path) -> None:
    with gzip.open(path, "wt") as out:
        out.write("source,model,operation,status,error_msg\n")
        for _ in range(ROWS):
            out.write(f"s,m,o,ok,{TEXT}\n")


def csv_row_of_many_lines(path: Path) -> None:
    with gzip.open(path, "wt") as out:
        out.write("source,model,operation,status,error_msg\n")
        for _ in range(200):
            out.write('"' + "x\n" * 2_000_000 + '",')


REFUSED, TOLD = "refused", "told"
BOMBS: list[tuple[Callable[[Path], None], str, str]] = [
    (dictionary, "parquet", TOLD),
    (large_dictionary, "parquet", TOLD),
    (small_groups, "parquet", TOLD),
    (skewed, "parquet", TOLD),
    (fixed, "parquet", TOLD),
    (one_page, "parquet", REFUSED),
    (distinct, "parquet", REFUSED),
    (prefixes, "parquet", TOLD),
    (lists, "parquet", TOLD),
    (packed_again, "parquet.gz", REFUSED),
    (json_rows, "jsonl.gz", TOLD),
    (json_rows, "jsonl.xz", TOLD),
    (long_line, "jsonl.zst", REFUSED),
    (csv_rows, "csv.gz", TOLD),
    (csv_row_of_many_lines, "csv.gz", REFUSED),
]


@pytest.mark.parametrize(("make", "suffix", "ends"), BOMBS, ids=[f"{make.__name__}.{form}" for make, form, _ in BOMBS])
def test_a_bomb_takes_little_memory_and_little_disk(
    tmp_path: Path, report: Report, make: Callable[[Path], None], suffix: str, ends: str
) -> None:
    path = tmp_path / f"llm_events.{suffix}"
    make(path)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    command = [MUSE, "backfill", "--days", "9", "--source", str(path)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, command)],
        env=clean | {"CH_PATH": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        check=False,
    )
    said, peak = done.stdout, int(done.stderr) * 1024
    size = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file() and file != path)
    report(f"{path.stat().st_size:>10,} bytes of {make.__name__}.{suffix}: {peak / 1e6:,.0f} MB, {size / 1e6:.2f} MB")
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert ("The rejected rows and why:" in said) == (ends == TOLD), said
    assert ("muse: " in said) == (ends == REFUSED), said
    assert peak < MOST_MEMORY
    assert size < MOST_BYTES
