"""The audit trail: one line of JSON for every call, appended to a local file before the call's answer leaves.

A line is one `write` to a file opened with O_APPEND: the lines of several processes never mix, and what was written
survives the end of the process, kill -9 included. The file is not synced to disk at each call: a loss of power takes
the lines of the last seconds that the system had not written yet. The files are cut by day; `shipping` brings
their lines into the table `audit_log`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from chimera_metrics.integrations.answers.shaping import Shaper
from chimera_metrics.integrations.config import Settings, data_folder
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.masking.columns import mask_json, mask_text, suspicious

# Longer texts are cut: an audit line says what was asked, it need not repeat ten thousand rows.
_LONGEST = 4_000
_DAY = re.compile(r"calls-(\d{4}-\d\d-\d\d)\.jsonl")


class AuditFailed(MuseError):
    """The audit file cannot be written."""

    kind = "audit"


@dataclass(slots=True)
class AuditLine:
    """One call, with the columns of `audit_log`. Times are ISO 8601 in UTC."""

    ts: str
    call_id: str
    who: str
    role: str
    client: str
    tool: str
    arguments: str
    statement: str
    query_id: str
    rows: int
    bytes: int
    elapsed_ms: float
    outcome: str
    error: str


_NAMES = {field.name for field in fields(AuditLine)}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(arguments: Mapping[str, Any], statement: str, error: str) -> tuple[str, str, str]:
    """Arguments as JSON text, statement and error without personal data or secrets, cut to what a line holds.

    Of rows to store the arguments say only how many there are.
    """
    kept = {name: _how_many(value) if name == "rows" else value for name, value in arguments.items()}
    try:
        text = orjson.dumps(kept, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError):
        text = orjson.dumps(Shaper().value(repr(kept))).decode()
    if max(len(text), len(statement), len(error)) <= _LONGEST and not suspicious((text, statement, error)):
        return text, statement, error
    return mask_json(text)[0] if len(text) <= _LONGEST else clean(text), clean(statement), clean(error)


def _how_many(rows: Any) -> Any:
    if isinstance(rows, str):  # as some hosts send a list
        with contextlib.suppress(orjson.JSONDecodeError):
            found = orjson.loads(rows)
            if isinstance(found, list):
                return f"[{len(found)} rows]"
        return f"[{len(rows)} characters]"
    return f"[{len(rows)} rows]" if isinstance(rows, list) else f"[{type(rows).__name__}]"


def clean(text: str) -> str:
    """A text without personal data and secrets, cut to what a line holds; masked first, while secrets are whole."""
    return mask_text(text[: 2 * _LONGEST])[0][:_LONGEST]


def audit_folder(settings: Settings) -> Path:
    """Where the lines of this store wait: a folder for each store, because each is shipped to its own table."""
    clickhouse = settings.clickhouse
    if clickhouse.embedded:
        path = clickhouse.store_path
        if path == ":memory:":
            return Path(tempfile.gettempdir()) / f"muse-audit-{os.getuid()}-{os.getpid()}"
        if settings.muse.audit_dir is None:
            return Path(path).with_name(f"{Path(path).name}-audit")
        key = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:12]
        return settings.muse.audit_dir / f"embedded-{key}"
    base = settings.muse.audit_dir or data_folder() / "audit"
    return base / re.sub(r"[^\w.-]", "_", f"{clickhouse.host}-{clickhouse.port}-{clickhouse.database}")


class AuditFile:
    """Appends entries to the day's file in `folder`. Thread-safe; opens nothing before the first entry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._day = ""

    def append(self, entry: AuditLine) -> None:
        """Writes one line. Raises AuditFailed, with which the call must fail too."""
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
        try:
            with self._lock:
                descriptor = self._file(entry.ts[:10])
                written = os.write(descriptor, line)
                if written != len(line):
                    os.write(descriptor, b"\n")  # the torn line stands alone, and is skipped by who reads it
                    raise OSError("no space left")
        except OSError as error:
            raise AuditFailed(
                f"The audit file in {self.folder} cannot be written ({error.strerror or error}), and no call goes "
                "unrecorded. Make room or correct the folder's rights, name another in MUSE_AUDIT_DIR, or switch the "
                "audit off with MUSE_AUDIT=false."
            ) from None

    def _file(self, day: str) -> int:
        if self._descriptor is None or day != self._day:
            self.close()
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.folder / f"calls-{day}.jsonl"
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._day = day
        return self._descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def files(folder: Path) -> list[Path]:
    """The files of `folder`, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _DAY.fullmatch(path.name))


def read_lines(path: Path, offset: int = 0, most: int | None = None) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """The whole lines from `offset` on, each with the offset after it; None for a line that is not an entry."""
    count = 0
    with path.open("rb") as file:
        file.seek(offset)
        while most is None or count < most:
            line = file.readline()
            if not line.endswith(b"\n"):
                return
            count += 1
            entry: dict[str, Any] | None = None
            with contextlib.suppress(orjson.JSONDecodeError):
                found = orjson.loads(line)
                entry = found if _is_entry(found) else None
            yield file.tell(), entry


def _is_entry(found: Any) -> bool:
    """Whether the table takes it: a line that it would refuse must not keep back those behind it."""
    if not isinstance(found, dict) or not found.keys() >= _NAMES:
        return False
    texts = all(isinstance(found[name], str) for name in _NAMES - {"rows", "bytes", "elapsed_ms"})
    counts = all(type(found[name]) is int and 0 <= found[name] < 2**63 for name in ("rows", "bytes"))
    if not texts or not counts or type(found["elapsed_ms"]) not in (int, float):
        return False
    try:
        UUID(found["call_id"])
        return datetime.fromisoformat(found["ts"]).tzinfo is not None
    except ValueError:
        return False
