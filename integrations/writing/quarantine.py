"""The quarantine: batches that could not be stored, kept on disk until `muse quarantine replay` stores them.

One file a batch, readable by its owner only, written and synced before the caller is answered. It holds the rows as
they would have been stored, checked, completed and masked, so that no personal data waits on the disk; and the key and
the hash of the rows as received, so that a replay and a caller who sends the batch again count as one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from chimera_metrics.integrations.clickhouse.codec import decode, encode
from chimera_metrics.integrations.config import ClickHouseSettings, default_store_path
from chimera_metrics.integrations.errors import InvalidInput, StoreUnusable
from chimera_metrics.integrations.private_files import open_private, private_folder
from chimera_metrics.integrations.validation.kinds import FIRST_DAY
from chimera_metrics.integrations.validation.row_path import Batch
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.integrations.writing.keys import given_key
from chimera_metrics.integrations.writing.ledger import Identity
from chimera_metrics.models import FACT_TABLES

_SUFFIX = ".batch"


@dataclass(frozen=True, slots=True)
class QuarantinedBatch:
    """One batch in the quarantine."""

    path: Path
    identity: Identity
    given: bool
    """Whether the caller gave the key."""
    since: datetime
    now: datetime
    reason: str
    rows: int
    columns: list[str]
    types: list[str]
    answer: Mapping[str, Any]
    """The answer as it will stand when the batch is stored."""
    covers: tuple[int, ...] = ()
    owner: str | None = None
    """Who sent it; None where a version that did not say so kept it."""
    damaged: bool = False
    """Whether the file could not be read; then `reason` says so."""

    @property
    def name(self) -> str:
        """What the commands call it."""
        return self.path.stem.rpartition("-")[2][:8] if self.damaged else self.identity.address[:8]

    def batch(self, now: datetime) -> Batch:
        """The rows. Those that named no time carry that of their receipt; `now` puts another in its place.

        Raises StoreUnusable where the file is not what was written.
        """
        if self.damaged:
            raise StoreUnusable(self.reason)
        try:
            body = self.path.read_bytes().partition(b"\n")[2]
            data = [list(column) for column in decode(body)[1]]
        except Exception as error:  # noqa: BLE001 - the codec raises whatever its bytes lead it to
            raise StoreUnusable(_unreadable(self.path, error)) from None
        expected = self.rows - self.answer["replaced"]
        if {len(column) for column in data} != {expected} or len(data) != len(self.columns):
            raise StoreUnusable(_unreadable(self.path, f"it does not hold the {expected:,} rows that it names"))
        place = self.columns.index(rules_of(self.identity.table).time.name)
        if now != self.now:
            received, wanted = _milliseconds(self.now), _milliseconds(now)
            data[place] = [wanted if moment == received else moment for moment in data[place]]
        days = [moment.toordinal() - FIRST_DAY.toordinal() for moment in data[place]]
        kept = range(len(days))
        return Batch(
            self.identity.table, self.columns, self.types, data, days, kept, rejected=[], rounded={}, masked={}
        )


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def quarantine_folder(settings: ClickHouseSettings) -> Path:
    """Beside the embedded store, or in the user's data folder, apart for each server."""
    if settings.embedded and settings.store_path != ":memory:":
        store = Path(os.path.realpath(os.path.expanduser(settings.store_path)))
        return store.with_name(store.name + ".quarantine")
    where = "memory" if settings.embedded else f"{settings.host}-{settings.port}-{settings.database}"
    return default_store_path().parent / "quarantine" / where


class Quarantine:
    """The batches kept aside for one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, kept: QuarantinedBatch, data: list[list[Any]]) -> QuarantinedBatch:
        """Writes the batch, once: kept already, it stays as it was. Raises InvalidInput for its key with other rows."""
        private_folder(self.folder)
        path = self.folder / f"{kept.identity.table}-{kept.identity.address}{_SUFFIX}"
        if path.exists():
            earlier = _read(path)
            if earlier.damaged:
                path.rename(path.with_name(f"damaged-{uuid4().hex[:8]}-{path.name}"))
            elif earlier.identity.digest != kept.identity.digest:
                raise InvalidInput(
                    f"The idempotency_key {given_key(kept.identity.key)!r} was used at "
                    f"{earlier.since:%Y-%m-%d %H:%M:%S}Z for other rows of {kept.identity.table}, which wait in the "
                    "quarantine; send these rows under a key of their own."
                )
            else:
                return earlier
        header = {
            "table": kept.identity.table,
            "key": kept.identity.key,
            "digest": kept.identity.digest,
            "given": kept.given,
            "since": kept.since.isoformat(),
            "now": kept.now.isoformat(),
            "reason": kept.reason,
            "rows": kept.rows,
            "columns": kept.columns,
            "types": kept.types,
            "answer": kept.answer,
            "covers": kept.covers,
            "owner": kept.owner,
        }
        chunks = encode(kept.columns, kept.types, data)
        _write(path, orjson.dumps(header) + b"\n", chunks)
        return _read(path)

    def holds(self, identity: Identity) -> bool:
        """Whether these very rows wait under this key, kept by a version that did not say whose they were."""
        path = self.folder / f"{identity.table}-{identity.address}{_SUFFIX}"
        if not path.exists():
            return False
        kept = _read(path)
        return kept.owner is None and kept.identity.digest == identity.digest

    def batches(self) -> list[QuarantinedBatch]:
        """All that is kept, oldest first; a file that cannot be read as a batch of no rows that says so."""
        if not self.folder.is_dir():
            return []
        return sorted((_read(path) for path in self.folder.glob(f"*{_SUFFIX}")), key=lambda kept: kept.since)

    def drop(self, kept: QuarantinedBatch) -> None:
        """Forgets a batch that is stored."""
        kept.path.unlink(missing_ok=True)
        _sync(self.folder)


def _write(path: Path, header: bytes, chunks: Iterator[bytes]) -> None:
    """All of it or nothing, on the disk when this returns."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(header)
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, path)
        _sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> QuarantinedBatch:
    try:
        with open(path, "rb") as file:
            header = orjson.loads(file.readline())
        return QuarantinedBatch(
            path=path,
            identity=Identity(header["table"], header["key"], header["digest"]),
            given=header["given"],
            since=datetime.fromisoformat(header["since"]).astimezone(UTC),
            now=datetime.fromisoformat(header["now"]),
            reason=header["reason"],
            rows=header["rows"],
            columns=header["columns"],
            types=header["types"],
            answer=header["answer"],
            covers=tuple(header["covers"]),
            owner=header.get("owner"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _damaged(path, error)


def _damaged(path: Path, error: Exception) -> QuarantinedBatch:
    """What stands for a file that cannot be read: a disk failed, or somebody changed it."""
    try:
        since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        since = datetime.now(UTC)
    table = next((name for name in FACT_TABLES if f"{name}-" in path.name), "unknown")
    return QuarantinedBatch(
        path=path,
        identity=Identity(table, path.name, ""),
        given=False,
        since=since,
        now=since,
        reason=_unreadable(path, error),
        rows=0,
        columns=[],
        types=[],
        answer={},
        damaged=True,
    )


def _unreadable(path: Path, error: Exception | str) -> str:
    why = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
    return (
        f"The file {path} cannot be read ({why}): restore it from a backup, or have its rows sent again and remove it."
    )
