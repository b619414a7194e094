"""What `muse consume` says of itself: a file for each that runs, beside the store, read by status and metrics."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.private_files import private_folder, read_private, replace_private
from chimera_metrics.integrations.questions.freshness import age, check
from chimera_metrics.integrations.writing.quarantine import quarantine_folder

#: A consumer writes every ten seconds; one that has not for so long is gone or hangs.
SILENT_S = 60.0
_SUFFIX = ".consumer"


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """How far one consumer is."""

    group: str
    topic: str
    table: str
    partitions: int
    lag: int
    """Messages that are not stored yet."""
    oldest_unread_s: float
    per_second: float
    stored: int
    poison: int
    at: str
    """When this was written."""
    trouble: str | None = None

    @property
    def age_s(self) -> float:
        return (datetime.now(UTC) - datetime.fromisoformat(self.at)).total_seconds()

    @property
    def figure(self) -> str:
        partitions = "1 partition" if self.partitions == 1 else f"{self.partitions} partitions"
        return (
            f"lag {self.lag:,}, oldest unread {age(self.oldest_unread_s)}, {self.per_second:,.0f} a second, "
            f"{partitions}, {self.poison:,} set aside"
        )


def consumers_folder(settings: ClickHouseSettings) -> Path:
    folder = quarantine_folder(settings)
    return folder.with_name(f"{folder.name}.consumers")


def write_state(settings: ClickHouseSettings, state: ConsumerState) -> None:
    """Writes this process's file; a disk that takes none costs only the figures."""
    with contextlib.suppress(OSError):
        folder = consumers_folder(settings)
        private_folder(folder)
        replace_private(_own_file(folder), orjson.dumps(asdict(state)))


def forget_dead(settings: ClickHouseSettings, group: str, topic: str) -> None:
    """Removes what killed consumers of this group left behind: the one that starts goes on for them."""
    folder = consumers_folder(settings)
    for file in list(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else []:
        with contextlib.suppress(OSError, ValueError, TypeError):
            state = ConsumerState(**orjson.loads(read_private(file)))
            if (state.group, state.topic) == (group, topic) and not _runs(int(file.stem)):
                file.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def drop_state(settings: ClickHouseSettings) -> None:
    """A consumer that stops as it was told leaves no file."""
    with contextlib.suppress(OSError):
        _own_file(consumers_folder(settings)).unlink()


def states(settings: ClickHouseSettings) -> list[ConsumerState]:
    """The consumers of this machine for this store, by topic and group."""
    return sorted(_states(consumers_folder(settings)), key=lambda state: (state.topic, state.group, state.at))


def lines(settings: ClickHouseSettings) -> list[dict[str, str]]:
    """A line of `muse status` for each."""
    return [_line(state) for state in states(settings)]


def gauges(settings: ClickHouseSettings) -> dict[str, tuple[str, float]]:
    """What all of them together are behind, for `/metrics`; nothing where none runs."""
    found = [state for state in states(settings) if state.age_s <= SILENT_S]
    if not found:
        return {}
    return {
        "muse_kafka_consumers": ("Consumers of this machine that run.", float(len(found))),
        "muse_kafka_lag_messages": ("Messages that are not stored yet.", float(sum(one.lag for one in found))),
        "muse_kafka_oldest_unread_seconds": (
            "Age of the oldest message that is not stored.",
            max(one.oldest_unread_s for one in found),
        ),
        "muse_kafka_messages_per_second": ("Messages stored or set aside.", sum(one.per_second for one in found)),
    }


def _line(state: ConsumerState) -> dict[str, str]:
    name = f"consume {state.topic}"
    if state.age_s > SILENT_S:
        advice = f"It ended without stopping, or hangs: start `muse consume --group {state.group}` again."
        return check(name, "warning", f"silent for {age(state.age_s)}; {state.figure}", advice)
    if state.trouble is not None:
        return check(name, "warning", state.figure, state.trouble)
    return check(name, "ok", state.figure)


def _states(folder: Path) -> Iterator[ConsumerState]:
    files = list(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else []
    for file in files:
        with contextlib.suppress(OSError, ValueError, TypeError):
            yield ConsumerState(**orjson.loads(read_private(file)))


def _own_file(folder: Path) -> Path:
    return folder / f"{os.getpid()}{_SUFFIX}"
