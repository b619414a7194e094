"""The audit trail: one line of JSON for every call, appended to a local file before the call's answer leaves.

A line is one `write` to a file opened with O_APPEND: the lines of several processes never mix, and what was written
survives the end of the process, kill -9 included. The file is not synced to disk at each call: a loss of power takes
the lines of the last seconds that the system had not written yet. `shipping` brings the lines into the table
`audit_log`.

A file holds the lines of one day, and a long day has several: `calls-2026-01-31.jsonl`, `calls-2026-01-31.1.jsonl`, and
so on. A new one is begun and nothing is renamed, so a process that is killed in between leaves nothing behind. When a
file is begun, the oldest are removed until the rest keeps to `MUSE_AUDIT_DAYS` and `MUSE_AUDIT_MAX_MB`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from chimera_metrics.integrations.answers.shaping import Shaper
from chimera_metrics.integrations.config import MuseSettings, Settings, data_folder
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.masking.columns import mask_json, mask_text, suspicious
from chimera_metrics.integrations.private_files import open_private, own_folder, read_private

# Longer texts are cut: an audit line says what was asked, it need not repeat ten thousand rows.
_LONGEST = 4_000
_FILE = re.compile(r"calls-(\d{4}-\d\d-\d\d)(?:\.(\d{1,6}))?\.jsonl")
#: What of the files has arrived in the table, kept by `shipping`.
SHIPPED = "shipped.json"
# A file is this long at most, or an eighth of all: what goes first should be old.
_LONGEST_FILE = 64_000_000
_log = logging.getLogger(__name__)


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


@lru_cache(maxsize=256)
def clean_name(text: str) -> str:
    """`clean`, for a name that comes again with every call."""
    return clean(text)


def audit_folder(settings: Settings) -> Path:
    """Where the lines of this store wait: a folder for each store, because each is shipped to its own table."""
    clickhouse = settings.clickhouse
    if clickhouse.embedded:
        path = clickhouse.store_path
        if path == ":memory:":
            return _throw_away_folder()
        if settings.muse.audit_dir is None:
            return Path(path).with_name(f"{Path(path).name}-audit")
        key = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:12]
        return settings.muse.audit_dir / f"embedded-{key}"
    base = settings.muse.audit_dir or data_folder() / "audit"
    return base / re.sub(r"[^\w.-]", "_", f"{clickhouse.host}-{clickhouse.port}-{clickhouse.database}")


@cache
def _throw_away_folder() -> Path:
    """Of this process alone, under a name that nobody can make before it."""
    return Path(tempfile.mkdtemp(prefix="muse-audit-"))


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How much of the trail is kept."""

    max_bytes: int = 1024 * 1_000_000
    days: int = 400

    @classmethod
    def of(cls, muse: MuseSettings) -> Ceiling:
        return cls(muse.audit_max_mb * 1_000_000, muse.audit_days)

    @property
    def file_bytes(self) -> int:
        return min(_LONGEST_FILE, self.max_bytes // 8)

    def beyond(self, found: Sequence[Path], today: date) -> list[Path]:
        """Those of the files, oldest first, that are to go before another one is begun."""
        sizes = {path: _size(path) for path in found}
        total = sum(sizes.values())
        gone = []
        for path in found:
            old = day_of(path) < (today - timedelta(days=self.days)).isoformat()
            if not old and total <= self.max_bytes - self.file_bytes:
                break
            gone.append(path)
            total -= sizes[path]
        return gone


#: How each line begins.
_BEGINNING = b'{"ts":"'


class AuditFile:
    """Appends entries to the day's file in `folder`. Thread-safe; opens nothing before the first entry."""

    def __init__(self, folder: Path, ceiling: Ceiling | None = None) -> None:
        self.folder = folder
        self._ceiling = ceiling or Ceiling()
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._day = ""
        #: Whether it was still there and had room when the last line was in it.
        self._has_room = False

    def append(self, entry: AuditLine) -> None:
        """Writes one line. Raises AuditFailed, with which the call must fail too."""
        line = _line(entry)
        try:
            with self._lock:
                while not self._written(line, entry.ts[:10]):
                    pass
        except OSError as error:
            raise AuditFailed(
                f"The audit file in {self.folder} cannot be written ({error.strerror or error}), and no call goes "
                "unrecorded. Make room or correct the folder's rights, name another in MUSE_AUDIT_DIR, or switch the "
                "audit off with MUSE_AUDIT=false."
            ) from None

    def _written(self, line: bytes, day: str) -> bool:
        """Whether the line is in a file that is kept: another process may have removed an old one meanwhile."""
        descriptor = self._file(day)
        written = os.write(descriptor, line)
        if written != len(line):
            os.write(descriptor, b"\n")  # the torn line stands alone, and is skipped by who reads it
            raise OSError("no space left")
        state = os.fstat(descriptor)
        self._has_room = state.st_nlink > 0 and state.st_size < self._ceiling.file_bytes
        return state.st_nlink > 0

    def _file(self, day: str) -> int:
        """The day's newest file. It is looked at after each line: other processes begin and remove files too."""
        if self._descriptor is not None and day == self._day and self._has_room:
            return self._descriptor
        self.close()
        own_folder(self.folder)
        # One at a time, or a process that was held up would make again what others have filled and removed.
        lock = open_private(self.folder / "files.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._descriptor = open_private(self._newest(day), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        finally:
            os.close(lock)
        self._day = day
        return self._descriptor

    def _newest(self, day: str) -> Path:
        """The day's file that has room, before which the oldest are removed if it is a new one."""
        last = max((_part(path) for path in files(self.folder) if day_of(path) == day), default=0)
        path = self._named(day, last)
        if _size(path) >= self._ceiling.file_bytes:
            path = self._named(day, last + 1)
        if not path.exists():
            self._remove_oldest(day)
        return path

    def _named(self, day: str, part: int) -> Path:
        return self.folder / (f"calls-{day}.{part}.jsonl" if part else f"calls-{day}.jsonl")

    def _remove_oldest(self, day: str) -> None:
        for path in self._ceiling.beyond(files(self.folder), date.fromisoformat(day)):
            lost = _size(path) - arrived(self.folder).get(path.name, {}).get("to", 0)
            path.unlink(missing_ok=True)
            if lost > 0:
                _log.warning(
                    "The audit file %s was removed, by MUSE_AUDIT_DAYS or MUSE_AUDIT_MAX_MB, before its last %d bytes "
                    "were in the table audit_log; see why the store does not take them.",
                    path,
                    lost,
                )

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _line(entry: AuditLine) -> bytes:
    try:
        return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half an emoji, as a client may send it
        whole = {name: _sendable(value) for name, value in asdict(entry).items()}
        return orjson.dumps(whole, option=orjson.OPT_APPEND_NEWLINE)


def _sendable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def files(folder: Path) -> list[Path]:
    """The files of `folder`, oldest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _FILE.fullmatch(path.name)]
    return sorted(found, key=lambda path: (day_of(path), _part(path)))


def arrived(folder: Path) -> dict[str, dict[str, int]]:
    """How far each file is in the table: `to`, and `next` while a block is under way."""
    try:
        found: dict[str, dict[str, int]] = orjson.loads(read_private(folder / SHIPPED))
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found


def day_of(path: Path) -> str:
    """The day of a file's lines, as 2026-01-31."""
    return path.name[len("calls-") :][:10]


def _part(path: Path) -> int:
    match = _FILE.fullmatch(path.name)
    return int(match[2] or 0) if match else 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_lines(path: Path, offset: int = 0, most: int | None = None) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """The whole lines from `offset` on, each with the offset after it; None for a line that is not an entry."""
    count = 0
    try:
        descriptor = open_private(path, os.O_RDONLY, any_owner=True)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise AuditFailed(
            f"The audit file {path} cannot be read ({error.strerror or error}); remove it if it is not yours."
        ) from None
    with open(descriptor, "rb") as file:
        file.seek(offset)
        while most is None or count < most:
            line = file.readline()
            if not line.endswith(b"\n"):
                return
            count += 1
            yield file.tell(), _entry(line)


def _entry(line: bytes) -> dict[str, Any] | None:
    """The entry that a line is, or ends with: on the piece of a writer that was killed follows another's whole line."""
    # Quotes within a text are escaped, so these bytes are the beginning of an entry wherever they stand.
    for start in (0, line.rfind(_BEGINNING)):
        with contextlib.suppress(orjson.JSONDecodeError):
            found = orjson.loads(line[max(start, 0) :])
            return found if _is_entry(found) else None
    return None


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
