"""Rows about the pipeline itself: episodes, their deployments, and the Watcher's checks."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import fmean

from fields import Row, commit_at, new_uuid, stamp
from story import BUILD_ERROR, EPISODES, HEARTS_COMMITS, PACKS_COMMITS, START


def episodes(rng: random.Random, runs: list[Row], events: list[Row]) -> list[Row]:
    """Three episodes, each resting on the correlation that the data showed by then."""
    return [
        {
            "ts": stamp(ts),
            "run_id": new_uuid(rng),
            "series": "chimera",
            "episode_num": number,
            "title": title,
            "confidence_score": confidence,
            "correlation_strength": round(daily_correlation(runs, events, ts), 4),
            "tokens_total": tokens,
            "cost_total": cost,
            "status": status,
            "file_path": None if status == "failed" else f"episodes/chimera/{number:03d}.md",
            "commit_sha": None if status == "failed" else f"{rng.getrandbits(160):040x}",
        }
        for ts, number, title, confidence, status, cost, tokens in EPISODES
    ]


def daily_correlation(runs: Iterable[Row], events: Iterable[Row], until: datetime) -> float:
    """Pearson's r of the two programs' daily mean latencies, over the dates before `until` that have both."""
    days: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
    for side, rows, column in ((0, runs, "latency_p95_ms"), (1, events, "latency_ms")):
        for row in rows:
            if row[column] is not None and row["ts"] < stamp(until.replace(hour=0, minute=0, second=0)):
                days[side].setdefault(row["ts"][:10], []).append(row[column])
    common = sorted(days[0].keys() & days[1].keys())
    x, y = ([fmean(side[day]) for day in common] for side in days)
    mean_x, mean_y = fmean(x), fmean(y)
    both = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return both / math.sqrt(math.fsum((a - mean_x) ** 2 for a in x) * math.fsum((b - mean_y) ** 2 for b in y))


def deployments(rng: random.Random, written: list[Row]) -> list[Row]:
    """The first episode did not get through its build, the second did."""
    rows = []
    for episode, status, error, duration in (
        (written[0], "error", BUILD_ERROR, 8412.337),
        (written[1], "ready", None, 41208.552),
    ):
        deployment = "dpl_" + "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", k=24))
        host = f"muse-chimera-{rng.getrandbits(36):09x}.vercel.app"
        rows.append(
            {
                "ts": stamp(datetime.fromisoformat(episode["ts"]) + timedelta(minutes=4, milliseconds=duration)),
                "run_id": new_uuid(rng),
                "episode_run_id": episode["run_id"],
                "status": status,
                "vercel_deployment_id": deployment,
                "url": f"https://{host}" if status == "ready" else None,
                "duration_ms": duration,
                "error_msg": error,
            }
        )
    return rows


def watcher_runs(rng: random.Random, runs: list[Row], events: list[Row]) -> list[Row]:
    """Two checks a day, each counting what the other files hold for the 24 hours before it."""
    hearts = [datetime.fromisoformat(row["ts"]) for row in runs]
    packs = [datetime.fromisoformat(row["ts"]) for row in events]
    rows = []
    for number in range(70):
        ts = START + timedelta(hours=6 + 12 * number, minutes=5, milliseconds=rng.randrange(4000))
        found = [sum(ts - timedelta(days=1) <= t < ts for t in times) for times in (hearts, packs)]
        lags = [(ts - max(t for t in times if t < ts)) / timedelta(seconds=1) for times in (hearts, packs)]
        row: Row = {
            "ts": stamp(ts),
            "run_id": new_uuid(rng),
            "hearts_commit": commit_at(HEARTS_COMMITS, ts),
            "packs_commit": commit_at(PACKS_COMMITS, ts),
            "hearts_rows_found": found[0],
            "packs_rows_found": found[1],
            "lag_seconds": round(max(lags), 3),
            # Benchmarks run at most nightly: a day without one is worth a note, two are a gap.
            "status": "missing_hearts" if lags[0] > 38 * 3600 else "valid" if found[0] else "degraded",
            "duration_ms": round(rng.lognormvariate(5.6, 0.3), 3),
        }
        if number == 33:  # the store did not answer
            row |= dict.fromkeys(("hearts_rows_found", "packs_rows_found", "lag_seconds"))
            row |= {"status": "error", "duration_ms": 30004.118}
        rows.append(row)
    return rows
