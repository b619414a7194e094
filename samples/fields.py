"""What rows of several files share: time stamps, commits, ids, and the load of the machines."""

from __future__ import annotations

import math
import random
import uuid
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from story import START, UTC

Row = dict[str, Any]


def stamp(ts: datetime) -> str:
    return ts.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ts.microsecond // 1000:03d}Z"


def commit_at(commits: Sequence[tuple[datetime, str]], ts: datetime) -> str:
    return commits[bisect_right([since for since, _ in commits], ts) - 1][1]


def new_uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


class Load:
    """What both programs feel: how busy the shared machines are. Standard normal, each day's value half the last one's.

    It moves in straight lines between the days, so that days cut at another hour still show it.
    """

    def __init__(self, rng: random.Random) -> None:
        self.knots = [rng.gauss(0, 1)]
        while len(self.knots) < 40:
            self.knots.append(0.5 * self.knots[-1] + math.sqrt(0.75) * rng.gauss(0, 1))

    def at(self, ts: datetime) -> float:
        day, share = divmod((ts - START) / timedelta(days=1) + 2, 1)
        return self.knots[int(day)] * (1 - share) + self.knots[int(day) + 1] * share
