"""A file of a benchmark tool as rows of `bench_runs`: its format's reader, its commit, and ids of its content."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from chimera_metrics.integrations.bench_files import (
    asv,
    google_benchmark,
    llama_bench,
    lm_eval,
    pytest_benchmark,
    vllm,
)
from chimera_metrics.integrations.bench_files.runs import NO_WORD, Beside, OtherFormat, Reader, commit
from chimera_metrics.integrations.errors import InvalidInput

READERS: Mapping[str, Reader] = {
    "pytest-benchmark": pytest_benchmark.read,
    "asv": asv.read,
    "google-benchmark": google_benchmark.read,
    "lm-eval": lm_eval.read,
    "llama-bench": llama_bench.read,
    "vllm": vllm.read,
}
COMMIT_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "CIRCLE_SHA1", "BUILD_SOURCEVERSION")
"""Where CI systems say which commit they run on."""
_LARGEST = 1_000_000_000
_ABOVE = 3
_NAMESPACE = UUID("0b9d7b1e-3a55-5b0c-8f0e-6d2c4e8a1f02")


@dataclass(frozen=True, slots=True)
class BenchFile:
    """The rows of a file, under the hash by which it is known again."""

    rows: list[dict[str, Any]]
    digest: str
    commits: str
    """Where the rows' commits come from, in words."""
    left_out: list[str]
    notes: list[str]


def read_file(
    format: str, path: Path, given: str | None = None, variables: Mapping[str, str] = os.environ
) -> BenchFile:
    """The rows of the file; `given` is a commit that goes before all others. Raises InvalidInput."""
    if given is not None and commit(given) is None:
        raise InvalidInput(f"--commit takes the 40 hexadecimal digits of a commit, not {given[:50]!r}.")
    data = _content(path)
    try:
        reading = READERS[format](_document(data), Beside(_project(path), lambda name: _companion(path, name)))
    except OtherFormat as error:
        raise InvalidInput(f"{path} is not a file of {format}: {error}.") from None
    if not reading.rows:
        raise InvalidInput(f"{path} holds no benchmark that could be stored: {', '.join(reading.left_out)}.")
    digest = hashlib.sha256(data + format.encode() + (given or "").lower().encode()).hexdigest()
    own = hashlib.sha256(data).hexdigest()
    elsewhere, said = _commit(path, variables)
    rows, sources = [], dict[str, None]()
    for name, row in reading.rows.items():
        in_file = row.pop("commit_sha", None)
        found, source = (given, "--commit") if given else (in_file, "the file") if in_file else (elsewhere, said)
        sources[source] = None
        rows.append({"run_id": str(uuid5(_NAMESPACE, f"{own}/{name}")), "commit_sha": commit(found), **row})
    return BenchFile(rows, digest, " and ".join(sources), list(reading.left_out), reading.notes)


def _content(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror}).") from None
    if len(data) > _LARGEST:
        raise InvalidInput(f"{path} is larger than {_LARGEST:,} bytes, which no file of results is.")
    return data


def _document(data: bytes) -> Any:
    """The file's JSON, or a list of its lines'. asv writes Infinity, which Python's own parser reads."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in data.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise OtherFormat("it is not JSON") from None


def _folders(path: Path) -> list[Path]:
    return list(path.resolve().parents)[:_ABOVE]


def _companion(path: Path, name: str) -> Any:
    for folder in _folders(path):
        if (folder / name).is_file():
            try:
                return _document(_content(folder / name))
            except OtherFormat:
                return None
    return None


def _commit(path: Path, variables: Mapping[str, str]) -> tuple[str | None, str]:
    for name in COMMIT_VARIABLES:
        if (found := commit(variables.get(name, "").strip())) is not None:
            return found, name
    found = commit(_git(path, "rev-parse", "HEAD"))
    return found, "git" if found else "nowhere"


def _project(path: Path) -> str:
    return Path(_git(path, "rev-parse", "--show-toplevel") or "").name or NO_WORD


def _git(path: Path, *words: str) -> str | None:
    """What git says in the file's folder; None where there is no git, or no repository."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run(
        [git, "-C", str(path.resolve().parent), *words], capture_output=True, text=True, check=False, timeout=30
    )
    return done.stdout.strip() if done.returncode == 0 else None
