"""Which files of a store other users of the machine can read: for `muse status`."""

from __future__ import annotations

import shlex
from pathlib import Path

from chimera_metrics.integrations.audit.trail import audit_folder
from chimera_metrics.integrations.clickhouse.store import MEMORY
from chimera_metrics.integrations.config import (
    ClickHouseSettings,
    MuseSettings,
    Settings,
    earlier_tokens_file,
    tokens_file,
)
from chimera_metrics.integrations.operations.backup import folder_of
from chimera_metrics.integrations.private_files import open_to_others
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.integrations.writing.quarantine import quarantine_folder


def exposure(settings: ClickHouseSettings, muse: MuseSettings) -> list[dict[str, str]]:
    """A line where something stands open, with the command that closes it; none where nothing does."""
    found = open_to_others(places(Settings(settings, muse)))
    if not found:
        return []
    figure = "; ".join(f"{path} ({why})" for path, why in found)
    names = " ".join(shlex.quote(str(path)) for path, _ in found)
    advice = f"Other users of this machine can read them: `chmod -R go-rwx {names}`."
    if any(why.startswith("belongs") for _, why in found):
        advice = (
            f"Other users of this machine can read them: `chown -R $(id -u) {names}`, then `chmod -R go-rwx {names}`."
        )
    return [check("files", "warning", figure, advice)]


def places(settings: Settings) -> list[Path]:
    """All that is kept for a store on this machine."""
    clickhouse = settings.clickhouse
    found = [tokens_file(settings), earlier_tokens_file(settings), folder_of(settings.muse)]
    if not clickhouse.embedded or clickhouse.store_path != MEMORY:
        found += [quarantine_folder(clickhouse), audit_folder(settings)]
    if clickhouse.embedded and clickhouse.store_path != MEMORY:
        store = Path(clickhouse.store_path)
        found += [store, store.with_name(f"{store.name}.backfill")]
    return sorted({path for path in found if path is not None})
