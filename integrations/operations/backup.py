"""Backups: the engine's own BACKUP, with a manifest by which it can be proven that what comes back is what was there.

A backup is a folder that the engine writes and, beside it, `<name>.json`: what every table held (rows and a checksum
over all values), the revision, and the SHA-256 of every file of the backup. An incremental one holds what changed since
its base. `verify` restores into a new store and compares; `restore` checks everything before it touches anything.

On a server the engine writes to its own disk (`MUSE_BACKUP_DISK`, or its folder of backups), and only the manifest lies
here: there the engine checks its files itself when it restores.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.store_form import require
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, data_folder
from chimera_metrics.integrations.errors import InvalidInput, MuseError
from chimera_metrics.integrations.operations.backup_engine import (
    Content,
    Session,
    contents,
    destination,
    left_out,
    session,
)
from chimera_metrics.integrations.private_files import open_private, private_folder

_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class BackupRefused(MuseError):
    """A backup is damaged, foreign, or cannot go where it was asked to."""

    kind = "backup_refused"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a backup. `before` and `after` differ only where a server was written to meanwhile."""

    name: str
    created_at: str
    where: str
    database: str
    engine: str
    revision: str
    base: str | None
    before: Mapping[str, Content]
    after: Mapping[str, Content]
    files: Mapping[str, str] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0
    format: int = _FORMAT

    @property
    def rows(self) -> int:
        return sum(content.rows for content in self.after.values())


def folder_of(muse: MuseSettings) -> Path:
    """Where backups and manifests lie."""
    return muse.backup_dir or data_folder() / "backups"


def create(
    settings: ClickHouseSettings, muse: MuseSettings, incremental: bool = False, name: str | None = None
) -> Manifest:
    """Backs the whole database up. `incremental`: only what changed since the newest backup of this store."""
    folder = folder_of(muse)
    if settings.cluster is not None and muse.backup_disk is None:
        raise BackupRefused(
            f"Each server of the cluster {settings.cluster} would write its part of the backup to its own folder: set "
            "MUSE_BACKUP_DISK to a disk that all of them have in common, such as one on S3."
        )
    name = _new_name(folder, name)
    base = _newest(folder, settings) if incremental else None
    if incremental and base is None:
        raise BackupRefused(
            f"There is no backup of {settings.where} in {folder} to build on; run `muse backup create` first."
        )
    try:
        private_folder(folder)
    except OSError as error:
        raise BackupRefused(
            f"The folder of backups, {folder}, cannot be made ({error.strerror}); set MUSE_BACKUP_DIR to another."
        ) from None
    _require_form(settings)
    started = time.perf_counter()
    with session(settings, folder) as store:
        _only_known(store)
        before = contents(store)
        clause = f" SETTINGS base_backup = {destination(settings, muse, folder, base.name)}" if base else ""
        what = f"DATABASE `{settings.database}`{left_out(settings)}"
        store.run(f"BACKUP {what} TO {destination(settings, muse, folder, name)}{clause}")
        # Nobody else writes to an embedded store while this process has it.
        after = before if settings.embedded else contents(store)
        engine, revision = (
            store.value("SELECT version()"),
            store.value(f"SELECT any(version_num) FROM `{settings.database}`.alembic_version"),
        )
    files, size = _hashes(folder / name) if settings.embedded else ({}, 0)
    manifest = Manifest(
        name=name,
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        where=settings.where,
        database=settings.database,
        engine=str(engine),
        revision=str(revision),
        base=base.name if base else None,
        before=before,
        after=after,
        files=files,
        bytes=size,
        seconds=round(time.perf_counter() - started, 2),
    )
    _write(folder / f"{name}.json", manifest)
    return manifest


def _require_form(settings: ClickHouseSettings) -> None:
    """Of a store on shards a program that does not know of them would back up one server's part."""
    executor = Executor(settings)
    try:
        require(executor)
    finally:
        executor.close()


def manifests(muse: MuseSettings) -> list[Manifest]:
    """All backups, oldest first. Raises BackupRefused for a manifest that cannot be read."""
    found = [_read(path) for path in folder_of(muse).glob("*.json")]
    return sorted(found, key=lambda manifest: manifest.created_at)


def find(muse: MuseSettings, name: str | None) -> Manifest:
    """The backup of that name; the newest for None."""
    folder = folder_of(muse)
    if name is not None:
        path = folder / f"{name}.json"
        if not _NAME.fullmatch(name) or not path.is_file():
            raise BackupRefused(f"There is no backup {name!r} in {folder}; `muse backup list` shows what there is.")
        return _read(path)
    known = manifests(muse)
    if not known:
        raise BackupRefused(f"There is no backup in {folder}; run `muse backup create`, or set MUSE_BACKUP_DIR.")
    return known[-1]


def check(settings: ClickHouseSettings, muse: MuseSettings, manifest: Manifest) -> None:
    """Raises BackupRefused if the backup, or one that it builds on, is damaged or not of this program. Reads only."""
    folder = folder_of(muse)
    from chimera_metrics.integrations.evolution import runner

    if manifest.revision > runner.head():
        raise BackupRefused(
            f"The backup {manifest.name} has schema {manifest.revision}, newer than {runner.head()} which this program "
            "knows; install the version that made it."
        )
    if settings.embedded:
        if not manifest.files:
            raise BackupRefused(
                f"The backup {manifest.name} lies on the server {manifest.where}; restore it with CH_HOST set."
            )
        _same_files(folder / manifest.name, manifest)
    if manifest.base is not None:
        check(settings, muse, find(muse, manifest.base))


def restore(settings: ClickHouseSettings, muse: MuseSettings, name: str | None, to: str) -> tuple[Manifest, float]:
    """Restores into a new store: a folder that is empty or not there yet, on a server a new database. Compares.

    Everything is checked before anything is touched. Answers the manifest and the seconds that it took.
    """
    manifest = find(muse, name)
    check(settings, muse, manifest)
    target = _target(settings, to)
    started = time.perf_counter()
    with session(target, folder_of(muse)) as store:
        if store.value(f"SELECT count() FROM system.tables WHERE database = '{target.database}'"):
            raise BackupRefused(f"{to} holds tables already; name an empty place, nothing was touched.")
        source = destination(settings, muse, folder_of(muse), manifest.name)
        renamed = f" AS `{target.database}`" if target.database != manifest.database else ""
        apart = _beside(target, manifest)
        into = " SETTINGS allow_different_table_def = 1, allow_different_database_def = 1" if apart else ""
        store.run(f"RESTORE DATABASE `{manifest.database}`{renamed}{apart} FROM {source}{into}")
        found = contents(store)
    _compare(manifest, found, to)
    return manifest, round(time.perf_counter() - started, 2)


def verify(
    settings: ClickHouseSettings, muse: MuseSettings, name: str | None, note: Callable[[str], None] = lambda _: None
) -> tuple[Manifest, float]:
    """Restores into a store that is thrown away afterwards, and compares. Raises BackupRefused if they differ."""
    manifest = find(muse, name)
    check(settings, muse, manifest)
    note("the files are as they were written")
    if settings.embedded:
        with tempfile.TemporaryDirectory(prefix="muse-verify-", dir=folder_of(muse)) as place:
            return restore(settings, muse, manifest.name, str(Path(place) / "store"))
    scratch = f"{settings.database[:40]}_verify_{datetime.now(UTC):%Y%m%d%H%M%S}"
    try:
        return restore(settings, muse, manifest.name, scratch)
    finally:
        with session(settings, folder_of(muse)) as store:
            store.run(f"DROP DATABASE IF EXISTS `{scratch}` SYNC")


def _beside(target: ClickHouseSettings, manifest: Manifest) -> str:
    """On a cluster the tables are made first, at places in Keeper of their own: those of the backup are taken."""
    if target.cluster is None:
        return ""
    from chimera_metrics.integrations.evolution import runner

    runner.upgrade(target, manifest.revision)
    return left_out(target.model_copy(update={"database": manifest.database}), restoring=True)


def _target(settings: ClickHouseSettings, to: str) -> ClickHouseSettings:
    if not settings.embedded:
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", to) is None:
            raise InvalidInput(f"--to holds {to!r}; on a server it takes the name of a new database.")
        return settings.model_copy(update={"database": to})
    place = Path(to).expanduser()
    if place.is_file() or (place.is_dir() and any(place.iterdir())):
        raise BackupRefused(
            f"{place} is not empty, and a restore overwrites nothing; move it away, or name another folder with --to."
        )
    return settings.model_copy(update={"path": str(place)})


def _compare(manifest: Manifest, found: Mapping[str, Content], to: str) -> None:
    for table, after in manifest.after.items():
        stands, before = found.get(table), manifest.before.get(table, after)
        exact = before == after
        if stands is None or (stands != after if exact else not before.rows <= stands.rows <= after.rows):
            has = "no such table" if stands is None else f"{stands.rows:,} rows, checksum {stands.checksum}"
            raise BackupRefused(
                f"What came back in {to} is not what was backed up: {table} should have {after.rows:,} rows, checksum "
                f"{after.checksum}, and has {has}. Use another backup: `muse backup list`."
            )


def _only_known(store: Session) -> None:
    database = store.settings.database
    found = f"SELECT count() FROM system.tables WHERE database = '{database}' AND name = 'alembic_version'"
    if not store.value(found):
        raise BackupRefused("The store has no schema yet, so there is nothing to back up. Run `muse upgrade`.")


def _new_name(folder: Path, name: str | None) -> str:
    name = name or f"muse-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"A backup's name takes letters, digits, '.', '_' and '-', not {name!r}.")
    if (folder / name).exists() or (folder / f"{name}.json").exists():
        raise BackupRefused(f"There is a backup {name} in {folder} already; give another name.")
    return name


def _newest(folder: Path, settings: ClickHouseSettings) -> Manifest | None:
    known = [_read(path) for path in folder.glob("*.json")]
    own = [one for one in known if one.where == settings.where and one.database == settings.database]
    return max(own, key=lambda one: one.created_at, default=None)


def _hashes(folder: Path) -> tuple[dict[str, str], int]:
    """SHA-256 of every file, by its path in the backup, and their size."""
    hashes, size = {}, 0
    for path in sorted(found for found in folder.rglob("*") if found.is_file()):
        with open(path, "rb") as file:
            hashes[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
        size += path.stat().st_size
    return hashes, size


def _same_files(folder: Path, manifest: Manifest) -> None:
    try:
        found, _ = _hashes(folder)
    except OSError as error:
        raise BackupRefused(f"The backup {manifest.name} cannot be read ({error.strerror}).") from None
    for path, digest in manifest.files.items():
        if found.get(path) != digest:
            what = "is missing" if path not in found else "was changed after it was written"
            raise BackupRefused(
                f"The backup {manifest.name} is damaged: {path} {what}. Nothing was touched; use another: "
                "`muse backup list`."
            )
    extra = sorted(found.keys() - manifest.files.keys())
    if extra:
        raise BackupRefused(
            f"The backup {manifest.name} holds {extra[0]}, which this program did not write. Nothing was touched."
        )


def _write(path: Path, manifest: Manifest) -> None:
    body = asdict(manifest)
    body["digest"] = _digest(body)
    draft = path.with_suffix(".draft")
    with open(open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
        json.dump(body, file, indent=1)
    draft.rename(path)


def _digest(body: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> Manifest:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        digest = body.pop("digest")
        if _digest(body) != digest or body["format"] != _FORMAT:
            raise ValueError
        for side in ("before", "after"):
            body[side] = {table: Content(**content) for table, content in body[side].items()}
        return Manifest(**body)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BackupRefused(
            f"{path} is not a manifest that this program wrote, or it was changed. Nothing was touched; move it "
            "away, or set MUSE_BACKUP_DIR to the folder of your backups."
        ) from None
