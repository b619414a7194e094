"""Files of a few bytes that stand for gigabytes: little memory, small files, a sentence where nothing helps."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.conftest import Report
from tests.support.sources import ROOT

MUSE = Path(sys.executable).with_name("muse")
TEXT = "x" * 4_000_000
ROWS, LINES, IN_A_PAGE = 250, 120, 60
MOST_MEMORY, MOST_BYTES = 1_000_000_000, 10_000_000
# A process counts the memory of the one that it was started from; this one is small.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stderr=subprocess.STDOUT)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""
READ = """
import pathlib, sys
from chimera_metrics.integrations.backfill.files import find_files
from chimera_metrics.integrations.errors import InvalidInput
try:
    print([len(window.rows) for window in find_files(pathlib.Path(sys.argv[1]))[0].windows()])
except InvalidInput as refused:
    print(refused)
"""
HEADER = b"source,model,operation,status,error_msg\n"
CALL = {"source": "s", "model": "m", "operation": "o", "status": "ok"}


def calls(texts: pa.Array) -> pa.Table:
    return pa.table({name: [value] * len(texts) for name, value in CALL.items()} | {"error_msg": texts})


def write(path: Path, texts: pa.Array, **how: object) -> None:
    parquet.write_table(calls(texts), path, compression="zstd", **how)


def dictionary(path: Path) -> None:
    write(path, pa.array([TEXT] * ROWS))


def one_page(path: Path) -> None:
    write(path, pa.array([TEXT] * IN_A_PAGE), use_dictionary=False)


def distinct(path: Path) -> None:
    write(path, pa.array([f"{number}{TEXT}" for number in range(IN_A_PAGE)]))


def skewed(path: Path) -> None:
    texts = pa.array(["x"] * 50_000 + [TEXT] * 30 + ["x"] * 50_000)
    write(path, texts, use_dictionary=False)


def prefixes(path: Path) -> None:
    write(path, pa.array([TEXT] * LINES), use_dictionary=False, column_encoding={"error_msg": "DELTA_BYTE_ARRAY"})


def fixed(path: Path) -> None:
    write(path, pa.array([TEXT.encode()] * LINES, pa.binary(len(TEXT))))


def lists(path: Path) -> None:
    write(path, pa.array([[TEXT] * ROWS], pa.list_(pa.string())))


def packed_again(path: Path) -> None:
    path.write_bytes(gzip.compress(bytes(10_000_000)) * 100)


def json_rows(path: Path) -> None:
    path.write_bytes(gzip.compress(json.dumps(CALL | {"error_msg": TEXT}).encode() + b"\n") * LINES)


def long_line(path: Path) -> None:
    with pa.output_stream(str(path), compression="zstd") as out:
        out.write(b'{"error_msg": "')
        for _ in range(100):
            out.write(b"x" * 10_000_000)


def csv_rows(path: Path) -> None:
    path.write_bytes(gzip.compress(HEADER) + gzip.compress(f"s,m,o,ok,{TEXT}\n".encode()) * LINES)


def csv_row_of_many_lines(path: Path) -> None:
    path.write_bytes(gzip.compress(HEADER) + gzip.compress(b'"' + b"x\n" * 2_000_000 + b'",') * 20)


def short_rows(path: Path) -> None:
    """A row of two bytes, which would become one of all the names."""
    path.write_bytes(b"source," + b",".join(b"c%d" % number for number in range(10_000)) + b"\n" + b"x\n" * 50_000)


def small_objects(path: Path) -> None:
    path.write_bytes(gzip.compress(b'{"error_msg":[' + b'{"":0},' * 2_800_000 + b"0]}\n"))


def rows_of_objects(path: Path) -> None:
    """Each is small enough, and all that fit into a window by their bytes are not."""
    path.write_bytes(gzip.compress(b'{"error_msg":[' + b'{"":0},' * 200_000 + b"0]}\n") * 15)


def many_columns(path: Path) -> None:
    nulls = pa.nulls(65_000, pa.int64())
    columns = {f"c{number}": nulls for number in range(2_000)}
    parquet.write_table(pa.table(columns), path, compression="zstd")


def many_fields(path: Path) -> None:
    zeros = pa.array(np.zeros(5_000, np.int64))
    field = pa.StructArray.from_arrays([zeros] * 1_000, names=[f"f{number}" for number in range(1_000)])
    parquet.write_table(calls(field), path, compression="zstd")


def many_lists(path: Path) -> None:
    long = pa.ListArray.from_arrays(pa.array([0, 9_000_000], pa.int32()), pa.array(np.zeros(9_000_000, np.int64)))
    parquet.write_table(pa.table({f"c{number}": long for number in range(8)}), path, compression="zstd")


def large_dictionary(path: Path) -> None:
    """A file that says it needs 4 GB to be unpacked, as its beginning may."""
    packed = bytearray(lzma.compress(b"{}\n" * 1_000))
    size = (packed[12] + 1) * 4
    head = packed[12 : 12 + size - 4]
    head[head.index(b"\x21\x01") + 2] = 40
    packed[12 : 12 + size] = head + zlib.crc32(head).to_bytes(4, "little")
    path.write_bytes(packed)


TOLD: list[tuple[Callable[[Path], None], str]] = [
    (dictionary, "parquet"),
    (fixed, "parquet"),
    (skewed, "parquet"),
    (prefixes, "parquet"),
    (json_rows, "jsonl.gz"),
    (csv_rows, "csv.gz"),
    (rows_of_objects, "jsonl.gz"),
    (many_fields, "parquet"),
]
REFUSED: list[tuple[Callable[[Path], None], str, str]] = [
    (one_page, "parquet", "has pages of"),
    (distinct, "parquet", "has pages of"),
    (lists, "parquet", "has a row of"),
    (packed_again, "parquet.gz", "unpacks to more than"),
    (long_line, "jsonl.zst", "belongs to a row of more than"),
    (csv_row_of_many_lines, "csv.gz", "belongs to a row of more than"),
    (short_rows, "csv", "names 10,001 columns, and a file may name 1,000"),
    (small_objects, "jsonl.gz", "line 1, is a row of millions of values"),
    (many_columns, "parquet", "names 2,000 columns"),
    (many_lists, "parquet", "has pages of"),
    (large_dictionary, "jsonl.xz", "Memory usage limit exceeded"),
]


def measured(*command: object) -> tuple[subprocess.CompletedProcess[str], int]:
    """What a command did, and the most memory that it took."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    words = [sys.executable, "-c", MEASURED, *map(str, command)]
    done = subprocess.run(words, env=clean, capture_output=True, text=True, check=False, cwd=ROOT)
    return done, int(done.stderr) * 1024


def test_bombs_take_little_memory_and_little_disk(tmp_path: Path, report: Report) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number, (make, suffix) in enumerate(TOLD):
        make(source / f"llm_events_{number}.{suffix}")
    command = ["env", f"CH_PATH={tmp_path / 'store'}", MUSE, "backfill", "--days", "9", "--source", source]
    done, peak = measured(*command)
    size = sum(file.stat().st_size for file in (tmp_path / "store").parent.rglob("*") if file.is_file())
    size -= sum(file.stat().st_size for file in source.iterdir())
    report(
        f"{len(TOLD)} files of up to 1 GB packed small: {peak / 1e6:,.0f} MB of memory, {size / 1e6:.2f} MB of files"
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    assert "The rejected rows and why:" in done.stdout
    assert peak < MOST_MEMORY
    assert size < MOST_BYTES


@pytest.mark.parametrize(
    ("make", "suffix", "sentence"), REFUSED, ids=[f"{make.__name__}.{form}" for make, form, _ in REFUSED]
)
def test_a_bomb_that_cannot_be_read_in_pieces_is_refused(
    tmp_path: Path, report: Report, make: Callable[[Path], None], suffix: str, sentence: str
) -> None:
    path = tmp_path / f"llm_events.{suffix}"
    make(path)
    done, peak = measured(sys.executable, "-c", READ, path)
    report(f"{path.stat().st_size:>10,} bytes of {make.__name__}.{suffix}: {peak / 1e6:,.0f} MB")
    assert sentence in done.stdout
    assert peak < MOST_MEMORY
