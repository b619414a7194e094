"""The store that the settings name, and what to do where there is none."""

from __future__ import annotations

from pathlib import Path

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StoreUnusable
from chimera_metrics.integrations.operations.contents import HOW_TO_FILL


def missing_store(settings: ClickHouseSettings) -> str | None:
    """A sentence where the embedded store is not there, because it was not made yet or CH_PATH is mistyped."""
    if not settings.embedded or settings.store_path == ":memory:":
        return None
    folder = Path(settings.store_path)
    if folder.is_dir() and any(folder.iterdir()):
        return None
    return (
        f"There is no store at {folder}. Set CH_PATH to the folder of yours, or make one there with `muse upgrade`; "
        f"{HOW_TO_FILL}."
    )


def require_store(settings: ClickHouseSettings) -> None:
    """Raises StoreUnusable where there is none, before anything makes a folder."""
    if (sentence := missing_store(settings)) is not None:
        raise StoreUnusable(sentence)
