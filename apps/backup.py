"""`muse backup create | list | verify`, and `muse restore`."""

from __future__ import annotations

from datetime import datetime

from chimera_metrics.apps.tables import print_json, print_table, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.operations import backup, backup_retention
from chimera_metrics.integrations.operations.backup import Manifest
from chimera_metrics.integrations.operations.health import size


def create(
    incremental: bool, name: str | None, as_json: bool, keep: int | None = None, keep_days: int | None = None
) -> int:
    settings = config.load()
    backup_retention.check_keep(settings.clickhouse, keep, keep_days)
    made = backup.create(settings.clickhouse, settings.muse, incremental, name)
    removed = [one.name for one in backup_retention.prune(settings.clickhouse, settings.muse, keep, keep_days)]
    if as_json:
        print_json(_as_dict(made) | {"removed": removed})
        return 0
    based = f" on {made.base}" if made.base else ""
    amount = f"{size(made.bytes)} in {len(made.files)} files" if made.files else "on the server"
    say(f"Backup {made.name}{based}: {made.rows:,} rows, {amount}, {made.seconds:.1f} s.")
    say(f"It lies in {backup.folder_of(settings.muse)}; `muse backup verify {made.name}` proves it.")
    if removed:
        say(f"Removed {len(removed)} older: {', '.join(removed)}.")
    return 0


def show(as_json: bool) -> int:
    settings = config.load()
    known = backup.manifests(settings.muse)
    if as_json:
        print_json([_as_dict(one) for one in known])
    elif not known:
        say(f"No backup in {backup.folder_of(settings.muse)}; run `muse backup create`.")
    else:
        print_table(
            ("name", "made", "of", "schema", "rows", "size", "builds on"),
            [(one.name, _made(one), one.where, one.revision, one.rows, size(one.bytes), one.base) for one in known],
            right=("rows", "size"),
        )
    return 0


def verify(name: str | None, as_json: bool) -> int:
    settings = config.load()
    found, seconds = backup.verify(settings.clickhouse, settings.muse, name)
    _report(found, "a new store, since thrown away", seconds, as_json)
    return 0


def restore(name: str | None, to: str, as_json: bool) -> int:
    settings = config.load()
    found, seconds = backup.restore(settings.clickhouse, settings.muse, name, to)
    _report(found, to, seconds, as_json)
    if not as_json:
        variable = "CH_PATH" if settings.clickhouse.embedded else "CH_DATABASE"
        say(f"To use it, set {variable} to {to}.")
    return 0


def _report(found: Manifest, to: str, seconds: float, as_json: bool) -> None:
    exact = found.before == found.after
    if as_json:
        print_json({**_as_dict(found), "to": to, "restore_seconds": seconds, "equal": exact})
        return
    print_table(
        ("table", "rows", "checksum"),
        [(table, content.rows, content.checksum) for table, content in found.after.items() if content.rows],
        right=("rows", "checksum"),
    )
    how = "equal in rows, checksums and rollups" if exact else "rows within what was written meanwhile"
    say(f"Backup {found.name} restored into {to} in {seconds:.1f} s, {size(found.bytes)}: {how}.")


def _made(one: Manifest) -> str:
    return datetime.fromisoformat(one.created_at).isoformat(timespec="seconds")


def _as_dict(one: Manifest) -> dict[str, object]:
    return {
        "name": one.name,
        "created_at": one.created_at,
        "where": one.where,
        "database": one.database,
        "engine": one.engine,
        "revision": one.revision,
        "base": one.base,
        "rows": one.rows,
        "bytes": one.bytes,
        "files": len(one.files),
        "seconds": one.seconds,
        "tables": {table: {"rows": c.rows, "checksum": c.checksum} for table, c in one.after.items()},
    }
