"""Files that lie about themselves, are no files, or are nested without end: one sentence, and the process goes on."""

from __future__ import annotations

import io
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from chimera_metrics.integrations.backfill.files import find_files
from chimera_metrics.integrations.backfill.parquet_pages import _Thrift
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput
from tests.apps.support import Shell
from tests.apps.test_backfill_bombs import measured

ROW = b'{"source":"s","model":"m","operation":"o","status":"ok"}\n'
FOOTER = 8
READ_ALL = """
import pathlib, sys
from chimera_metrics.integrations.backfill.files import find_files
from chimera_metrics.integrations.errors import InvalidInput
for name in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        [len(window.rows) for window in find_files(name)[0].windows()]
    except InvalidInput as refused:
        assert str(refused).startswith(str(name)), refused
print("all were read or refused")
"""


def whole_parquet() -> bytes:
    made, count = io.BytesIO(), 60
    nested = {"tags": [[1, 2]] * count, "meta": [{"a": 1, "b": "x"}] * count}
    table = pa.table({"series": [f"s{n}" for n in range(count)], "episode_num": list(range(count)), **nested})
    parquet.write_table(table, made, compression="zstd", row_group_size=20)
    return made.getvalue()


def test_a_footer_that_lies_never_ends_the_process(tmp_path: Path) -> None:
    """pyarrow ends it with an exception of C++ where it is asked of a column whose facts contradict each other."""
    whole, rng = whole_parquet(), random.Random(3)
    start = len(whole) - FOOTER - int.from_bytes(whole[-FOOTER:-4], "little")
    for number in range(600):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 2, 4))):
            place = rng.randrange(start, len(whole) - FOOTER) if rng.random() < 0.8 else rng.randrange(len(whole))
            damaged[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        (tmp_path / f"episodes_{number}.parquet").write_bytes(damaged)
    done, _ = measured(sys.executable, "-c", READ_ALL, tmp_path)
    assert done.stdout.strip() == "all were read or refused"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"\x19\xf1" + b"\xff" * 8 + b"\x3f", id="a list of 2^60 words of one bit"),
        pytest.param(b"\x19" * 5_000, id="lists in lists"),
        pytest.param(b"\x1c" * 5_000, id="structs in structs"),
    ],
)
def test_a_header_of_a_page_without_end_is_told(header: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        _Thrift(header).struct()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "words"), [(pipe, "is neither a file nor a folder"), (device, "is neither"), (loop, "cannot be read (Too")]
)
def test_what_is_no_file_is_not_read(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "episodes.jsonl"
    make(path)
    with pytest.raises(InvalidInput) as refused:
        find_files(path)
    assert words in str(refused.value)


def test_a_path_that_is_too_long_is_a_sentence_of_every_command(tmp_path: Path) -> None:
    long, shell = "/" + "a" * 5_000, Shell(CH_PATH=str(tmp_path / "store"))
    assert (
        "cannot be read (File name too long)"
        in shell.run("muse", "backfill", "--days", "9", "--source", long, code=1).stderr
    )
    shell = Shell(CH_PATH=str(tmp_path / "store"), MUSE_BACKUP_DIR=long)
    done = shell.run("muse", "backup", "list", code=1)
    assert "cannot be used (File name too long); correct the path" in done.stderr
    assert len(done.stderr) < 400


@pytest.mark.usefixtures("store")
def test_a_file_s_name_may_be_no_unicode(tmp_path: Path) -> None:
    source = os.fsencode(tmp_path / "source")
    os.mkdir(source)
    with open(source + b"/llm_events_\xff\x1b[2J.jsonl", "wb") as file:
        file.write(ROW + b"{}\n")
    shell = Shell()
    first, again = (shell.run("muse", "backfill", "--days", "9", "--source", os.fsdecode(source), code=1) for _ in "12")
    assert "llm_events_\\udcff\\x1b[2J.jsonl, model: 1 row" in first.stdout
    assert again.stdout.split()[8:11] == ["2", "0", "1"]


@pytest.mark.parametrize("depth", [260, 600, 985, 1_015, 1_100])
@pytest.mark.parametrize("big", [b"", b',"big":12345678901234567890123'], ids=["", "big"])
def test_a_row_that_is_nested_without_end_is_refused(
    store: ClickHouseClient, tmp_path: Path, depth: int, big: bytes
) -> None:
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    (tmp_path / "ui_events.jsonl").write_bytes(b'{"event_type":"x","metadata":{"k":' + nested + big + b"}}\n")
    done = Shell().run("muse", "backfill", "--days", "9", "--source", str(tmp_path), code=1)
    assert (
        "nested too deeply" in done.stderr + done.stdout
        or "metadata holds an object" in done.stdout
        or "is not JSON" in done.stderr
    )
