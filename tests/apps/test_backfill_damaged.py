"""Files that are damaged, or not what they seem: one sentence, with the right advice."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from chimera_metrics.integrations.backfill.files import find_files
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.kinds import TEXT_BYTES

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)),
}


def _read(path: Path) -> int:
    [file] = find_files(path)
    return sum(len(window.rows) for window in file.windows())


def _sentence(path: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        _read(path)
    return str(refused.value)


def _parquet(folder: Path, rows: int) -> bytes:
    table = pa.table({"series": [f"s{n}" for n in range(rows)], "episode_num": list(range(rows))})
    parquet.write_table(table, folder / "whole")
    return (folder / "whole").read_bytes()


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("packer", PACKERS)
def test_wherever_a_compressed_file_is_damaged_it_is_a_sentence(tmp_path: Path, form: str, packer: str) -> None:
    rng = random.Random(5)
    rows = [{"series": f"s{rng.random()}", "episode_num": n} for n in range(300)]
    texts = {
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "csv": ("series,episode_num\n" + "".join(f"{row['series']},{row['episode_num']}\n" for row in rows)).encode(),
        "parquet": _parquet(tmp_path, 300),
    }
    whole = PACKERS[packer](texts[form])
    path = tmp_path / f"episodes.{form}{packer}"
    sentences = []
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        damaged = bytearray(whole)
        for index in range(place, min(place + 20, len(whole))):
            damaged[index] ^= 0xFF
        path.write_bytes(damaged)
        try:
            _read(path)
        except InvalidInput as error:
            sentences.append(str(error))
    # The letters of a text may be others and nobody can tell where no checksum is kept.
    assert len(sentences) > 10
    assert all(sentence.startswith(str(path)) for sentence in sentences)


def test_a_csv_field_may_be_longer_than_a_column_takes(tmp_path: Path) -> None:
    """The row is refused then, with a reason; the others are stored."""
    path = tmp_path / "ui_events.csv"
    path.write_text(f'event_type,metadata\na,"{"x" * 200_000}"\nb,"{"x" * (TEXT_BYTES + 1)}"\n')
    assert _read(path) == 2


def test_a_quote_that_is_never_closed_is_told_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ui_events.csv"
    path.write_text('event_type,metadata\na,b\n"a,b\n' + "a,b\n" * 5_000_000)
    sentence = _sentence(path)
    assert sentence.startswith(f"{path}, line 3, has a field of more than 16,000,000 characters; ")
    assert "a quote that is never closed" in sentence


@pytest.mark.parametrize("header", ["series,series,episode_num", '"series", title,series'])
def test_a_column_that_a_csv_names_twice_is_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "episodes.csv"
    path.write_text(f"{header}\ns,t,1\n")
    assert _sentence(path) == f"{path} names the column 'series' more than once; name each once."


def test_a_column_that_a_parquet_file_has_twice_is_refused(tmp_path: Path) -> None:
    path, column = tmp_path / "episodes.parquet", pa.array(["2026-03-01"])
    parquet.write_table(pa.Table.from_arrays([column, column], names=["ts", "ts"]), path)
    assert _sentence(path) == f"{path} names the column 'ts' more than once; name each once."
