"""What a client that asked for progress is told of a call that takes its time."""

from __future__ import annotations

EVERY_S = 1.0


def progress(elapsed_s: float, limit_s: float) -> tuple[float, float, str]:
    """Progress, total and words: how much of the time that the call may take is gone."""
    return min(elapsed_s, limit_s), limit_s, f"running for {elapsed_s:.0f} s"
