"""The name of a batch of a window's days, from which the days can be read again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime


def named(days: Collection[int], present: Collection[int], newest: datetime | None) -> str:
    """Names some of the days that are present in a window, and the newest row's time where times are moved to now.

    Days between which the window has none are written as one stretch: "20590..20620,20640".
    """
    stretches: list[list[int]] = []
    before = None
    for day in sorted(present):
        if day in days:
            if before in days and stretches:
                stretches[-1][1] = day
            else:
                stretches.append([day, day])
        before = day
    text = ",".join(str(first) if first == last else f"{first}..{last}" for first, last in stretches)
    return f"{text}@{newest.isoformat()}" if newest else text


def read(name: str, present: Collection[int]) -> tuple[set[int], datetime | None]:
    """The days, and the newest row's time, of a name; no days if it is none that `named` gave."""
    text, _, moment = name.partition("@")
    try:
        newest = datetime.fromisoformat(moment) if moment else None
        stretches = [tuple(map(int, stretch.split(".."))) for stretch in text.split(",")]
    except ValueError:
        return set(), None
    return {day for day in present if any(first[0] <= day <= first[-1] for first in stretches)}, newest
