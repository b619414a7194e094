"""Which backups stay, and how old the newest is."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.operations.backup import BackupRefused, Manifest, folder_of, manifests
from chimera_metrics.integrations.questions.freshness import age, check

# A manifest under this name is of a backup that is being removed; the next run finishes what was stopped.
_GOING = ".removing"


def check_keep(settings: ClickHouseSettings, keep: int | None, keep_days: int | None) -> None:
    """Raises InvalidInput where backups cannot be removed from here."""
    if (keep is not None or keep_days is not None) and not settings.embedded:
        raise InvalidInput(
            f"Backups of {settings.where} lie on the server's own disk, and the engine has no statement that removes "
            "one: leave --keep and --keep-days out, and remove old ones there, by their names in `muse backup list`."
        )


def prune(settings: ClickHouseSettings, muse: MuseSettings, keep: int | None, keep_days: int | None) -> list[Manifest]:
    """Removes the backups of this store that neither rule keeps, and returns them, oldest first.

    The newest always stays, and so does every backup that one of those that stay builds on.
    """
    check_keep(settings, keep, keep_days)
    folder = folder_of(muse)
    for rest in folder.glob(f"*.json{_GOING}"):
        _remove(folder, rest.name.removesuffix(f".json{_GOING}"))
    if keep is None and keep_days is None:
        return []
    own = of_store(settings, muse)
    stay = _staying(own, keep, keep_days, datetime.now(UTC))
    going = [one for one in own if one.name not in stay]
    for one in reversed(going):  # an incremental backup before what it builds on
        _remove(folder, one.name)
    return going


def of_store(settings: ClickHouseSettings, muse: MuseSettings) -> list[Manifest]:
    """The backups of this store, oldest first; other stores may have theirs in the same folder."""
    known = manifests(muse)
    return [one for one in known if (one.where, one.database) == (settings.where, settings.database)]


def _staying(own: Sequence[Manifest], keep: int | None, keep_days: int | None, now: datetime) -> set[str]:
    by_name = {one.name: one for one in own}
    stay = {one.name for one in own[-max(keep or 0, 1) :]}
    if keep_days is not None:
        since = now - timedelta(days=keep_days)
        stay |= {one.name for one in own if datetime.fromisoformat(one.created_at) >= since}
    for name in list(stay):
        base = by_name[name].base
        while base is not None and base not in stay:
            stay.add(base)
            base = by_name[base].base if base in by_name else None
    return stay


def _remove(folder: Path, name: str) -> None:
    """The manifest first, so that a backup of which something is gone is never listed as one."""
    manifest = folder / f"{name}.json"
    going = folder / f"{name}.json{_GOING}"
    try:
        with contextlib.suppress(FileNotFoundError):
            manifest.rename(going)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder / name)
        going.unlink(missing_ok=True)
    except OSError as error:
        raise BackupRefused(
            f"The old backup {name} in {folder} cannot be removed ({error.strerror}); the new one is complete. Give "
            "this user the right to write there, and run it again."
        ) from None


def newest(settings: ClickHouseSettings, muse: MuseSettings) -> tuple[dict[str, str], dict[str, Any] | None]:
    """The line of `muse status` on backups, and the newest backup's name, time and age in seconds."""
    within = muse.backup_within_hours
    try:
        own = of_store(settings, muse)
    except BackupRefused as error:
        return check("backup", "warning", "not known", str(error)), None
    if not own:
        late = within is not None
        return check(
            "backup", "warning" if late else "ok", "none yet", "Run `muse backup create`." if late else ""
        ), None
    made = own[-1]
    seconds = max(0.0, (datetime.now(UTC) - datetime.fromisoformat(made.created_at)).total_seconds())
    figure = f"newest {made.name}, {age(seconds)} old, of {len(own):,}"
    facts = {"name": made.name, "created_at": made.created_at, "age_s": round(seconds)}
    if within is not None and seconds > within * 3600:
        advice = (
            f"It should be at most {within:g} h old (MUSE_BACKUP_WITHIN_HOURS): run `muse backup create`, and see why "
            "its timer did not."
        )
        return check("backup", "warning", figure, advice), facts
    return check("backup", "ok", figure), facts
