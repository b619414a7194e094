"""`muse import otlp`: files of spans, in each form, each span once."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.apps.support import Shell
from tests.otlp.made import recorded, request, span
from tests.otlp.test_forms import as_protobuf


def counts(shell: Shell, *files: Path, code: int = 0) -> tuple[int, int, int]:
    told = json.loads(shell.run("muse", "import", "otlp", *map(str, files), "--json", code=code).stdout)
    return told["stored"], told["duplicates"], told["ignored"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(CH_PATH=str(tmp_path / "store"))


def test_each_form_of_a_file_is_read_and_no_span_is_stored_twice(shell: Shell, tmp_path: Path) -> None:
    body, other = recorded("litellm"), request(span(1), span(2))
    lines = b"".join(json.dumps(json.loads(one)).encode() + b"\n" for one in (body, other))
    protobufs = [as_protobuf(body), as_protobuf(other)]
    forms = {
        "whole.json": body,
        "lines.jsonl": lines,
        "packed.jsonl.gz": gzip.compress(lines),
        "one.bin": protobufs[0],
        "many.bin": b"".join(len(one).to_bytes(4, "big") + one for one in protobufs),
    }
    files = [tmp_path / name for name in forms]
    for file, content in zip(files, forms.values(), strict=True):
        file.write_bytes(content)
    assert counts(shell, files[0]) == (6, 0, 4)
    assert counts(shell, files[1]) == (2, 6, 4)
    assert counts(shell, *files[2:]) == (0, 8 + 6 + 8, 12)


@pytest.mark.parametrize(
    "content", [b"{", b'{"a": 1', b"plain words", b"\x00\x00\x00\xff1", gzip.compress(b"{}" * 99, mtime=0)[:20]]
)
def test_a_file_of_something_else_is_refused_by_name(shell: Shell, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "spans.json"
    file.write_bytes(content)
    said = shell.run("muse", "import", "otlp", str(file), code=1).stderr
    assert "spans.json" in said


def test_a_file_that_is_not_there_is_said(shell: Shell, tmp_path: Path) -> None:
    said = shell.run("muse", "import", "otlp", str(tmp_path / "none.json"), code=1).stderr
    assert "none.json" in said


def test_rejected_spans_are_said_and_exit_1(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "spans.json"
    file.write_bytes(request(span(1), span(2) | {"spanId": ""}))
    said = shell.run("muse", "import", "otlp", str(file), code=1).stdout
    assert "stored 1" in said
    assert "span_id" in said
