"""Writes the sample files of this folder: the same bytes on every run.

    python samples/make_samples.py [--out DIR]

Needs the standard library only. What happens stands in `story.py`, how it becomes rows stands here;
README.md says what an analyst should find.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import random
import uuid
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from typing import Any

from story import (
    BUILD_ERROR,
    CALLS,
    END,
    EPISODES,
    FAILED_CALLS,
    FORMAT_2_FROM,
    HEARTS_COMMITS,
    LEVELS,
    LLM_EVENTS,
    LONGEST_SESSION,
    PACKS_COMMITS,
    REGRESSED,
    REGRESSION,
    REGRESSION_FROM,
    SCHEDULE,
    SEED,
    SENSITIVE,
    SESSIONS,
    START,
    UI_ERRORS,
    UI_EVENTS,
    UI_LATENCY_MS,
    UI_REGRESSION,
    USER_AGENTS,
    UTC,
)

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


def bench_runs(rng: random.Random, load: Load) -> list[Row]:
    rows: list[Row] = []
    for month, day, hour, group in SCHEDULE:
        ts = datetime(2026, month, day, hour, tzinfo=UTC) + timedelta(milliseconds=rng.randrange(50 * 60_000))
        p50, p95, speed, cost, memory = LEVELS[group]
        # 4 % of noise in all: 2.5 % of its own, 3 % from the load.
        busy = 0.03 * load.at(ts)
        slow = REGRESSION if group == REGRESSED and ts >= REGRESSION_FROM else dict.fromkeys(REGRESSION, 1.0)
        measured = p95 * slow["p95"] * math.exp(busy + rng.gauss(0, 0.025))
        rows.append(
            {
                "ts": stamp(ts),
                "run_id": new_uuid(rng),
                "commit_sha": commit_at(HEARTS_COMMITS, ts),
                "model": group[0],
                "quant": group[1],
                "dataset": group[2],
                "latency_p50_ms": round(p50 * slow["p50"] * math.exp(busy / 2 + rng.gauss(0, 0.02)), 3),
                "latency_p95_ms": round(measured, 3),
                "latency_p99_ms": round(
                    measured * 1.31 * slow["p99"] / slow["p95"] * math.exp(abs(rng.gauss(0, 0.05))), 3
                ),
                "tokens_per_sec": round(speed * slow["speed"] * math.exp(-busy / 2 + rng.gauss(0, 0.02)), 2),
                "cost_per_1k": round(cost * math.exp(rng.gauss(0, 0.015)), 6),
                "memory_peak_mb": round(memory * math.exp(rng.gauss(0, 0.006)), 1),
            }
        )
    # An early run measured less, and one ran on uncommitted work.
    rows[1].update(latency_p99_ms=None, memory_peak_mb=None)
    rows[9].update(commit_sha=None)
    return rows


def session_lengths(rng: random.Random) -> list[int]:
    """Lengths of all sessions: one in ten opens and does nothing, many are short, few long; `UI_EVENTS` in all."""
    lengths = [
        1 if rng.random() < 0.1 else min(LONGEST_SESSION, max(2, round(rng.lognormvariate(1.8, 0.7))))
        for _ in range(SESSIONS)
    ]
    while (missing := UI_EVENTS - sum(lengths)) != 0:
        i = rng.randrange(SESSIONS)
        step = 1 if missing > 0 else -1
        if lengths[i] > 1 and 2 <= lengths[i] + step <= LONGEST_SESSION:
            lengths[i] += step
    return lengths


def session_starts(rng: random.Random) -> list[datetime]:
    """One start a session: each date has a morning and an evening one, working days get more of the rest."""
    dates = [START.replace(hour=0) + timedelta(days=d) for d in range(36)]
    slots = [(date, hours) for date in dates for hours in ((6, 11), (13, 21))]
    # The first and the last date are halves.
    slots = [(date, hours) for date, hours in slots if START <= date + timedelta(hours=hours[0]) < END]
    weights = [1.0 if date.weekday() < 5 else 0.45 for date, _ in slots]
    slots += rng.choices(slots, weights, k=SESSIONS - len(slots))
    return sorted(
        date + timedelta(milliseconds=rng.randrange(first * 3_600_000, last * 3_600_000))
        for date, (first, last) in slots
    )


def event_types(rng: random.Random, length: int) -> list[str]:
    """What happens in a session: it opens, asks and reads, sometimes fails, and may close."""
    types = ["overlay_open"]
    while len(types) < length:
        match types[-1]:
            case "query_submit":
                types.append("error" if rng.random() < 0.14 else "response_view")
            case "error":
                types.append("query_submit" if rng.random() < 0.75 else "settings_open")
            case "response_view" if rng.random() < 0.3:
                types.append("copy_result")
            case _:
                types.append("settings_open" if rng.random() < 0.08 else "query_submit")
    # People close it, leave it open, or walk away from an error.
    if length > 1 and types[-1] != "error" and rng.random() < 0.7:
        types[-1] = "overlay_close"
    return types


def metadata(rng: random.Random, kind: str, place: Row) -> Row:
    """Further facts of one event, as the overlay sends them."""
    match kind:
        case "overlay_open":
            return place
        case "query_submit":
            return {"query_chars": rng.randrange(4, 240), "history": rng.randrange(0, 9)}
        case "response_view":
            return {"tokens": rng.randrange(20, 420), "cached": rng.random() < 0.12}
        case "copy_result":
            return {"chars": rng.randrange(20, 1600)}
        case "error":
            code, message = rng.choice(UI_ERRORS)
            return {"code": code, "message": message}
    return {}


def ui_events(rng: random.Random, load: Load) -> list[Row]:
    rows: list[tuple[datetime, Row]] = []
    starts = session_starts(rng)
    for number, (start, length) in enumerate(zip(starts, session_lengths(rng), strict=True)):
        # Whole milliseconds, as a client's clock gives them.
        gaps = [timedelta(milliseconds=int(rng.lognormvariate(9.6, 0.8))) for _ in range(length - 1)]
        if number == 0:
            start = START
        elif number == SESSIONS - 1:
            start = END - sum(gaps, timedelta())
        times = [start]
        for gap in gaps:
            times.append(times[-1] + gap)
        session = new_uuid(rng)
        user_agent = rng.choices([ua for ua, _ in USER_AGENTS], [weight for _, weight in USER_AGENTS])[0]
        viewport = rng.choice(("1920x1080", "1536x864", "2560x1440", "390x844", "1440x900"))
        place = {"locale": rng.choice(("en-US", "en-GB", "de-DE", "fr-FR", "pt-BR")), "viewport": viewport}
        for ts, kind in zip(times, event_types(rng, length), strict=True):
            latency = None
            if kind in UI_LATENCY_MS and rng.random() > 0.03:
                slow = UI_REGRESSION if ts >= REGRESSION_FROM else 1.0
                level = UI_LATENCY_MS[kind] * slow * math.exp(0.12 * load.at(ts))
                latency = round(level * rng.lognormvariate(0, 0.22), 3)
            row = {
                "ts": stamp(ts),
                "session_id": session,
                "commit_sha": None if rng.random() < 0.04 else commit_at(PACKS_COMMITS, ts),
                "event_type": kind,
                "latency_ms": latency,
                "user_agent": user_agent,
                "metadata": metadata(rng, kind, place),
                "schema_version": 2 if ts >= FORMAT_2_FROM else 1,
            }
            rows.append((ts, row))
    rows.sort(key=lambda pair: pair[0])
    events = [row for _, row in rows]
    # One careless event in each ninth of the time.
    for number, extra in enumerate(SENSITIVE):
        events[60 + number * 132]["metadata"] |= extra
    for row in events:
        row["metadata"] = json.dumps(row["metadata"], ensure_ascii=False, separators=(",", ":"))
    return events


def session_stats(events: Iterable[Row]) -> list[Row]:
    """What each session came to, by the definitions of the table."""
    sessions: dict[str, list[Row]] = {}
    for event in events:
        sessions.setdefault(event["session_id"], []).append(event)
    rows = []
    for session, found in sessions.items():
        first, last = (datetime.fromisoformat(event["ts"]) for event in (found[0], found[-1]))
        latencies = [event["latency_ms"] for event in found if event["latency_ms"] is not None]
        errors = sum(event["event_type"] == "error" for event in found)
        rows.append(
            {
                "hour": first.strftime("%Y-%m-%dT%H:00:00Z"),
                "session_id": session,
                "avg_latency_ms": fmean(latencies) if latencies else None,
                "error_rate": errors / len(found),
                "abandonment_rate": int(len(found) == 1 or found[-1]["event_type"] == "error"),
                "events_count": len(found),
                "duration_seconds": (last - first) / timedelta(seconds=1),
            }
        )
    return rows


def llm_events(rng: random.Random, load: Load) -> list[Row]:
    rows = []
    for number in range(LLM_EVENTS):
        # Spread over the whole time, the last one an hour before the end.
        ts = START + timedelta(milliseconds=int((number + rng.random()) / LLM_EVENTS * 35 * 86_400_000))
        ts = min(ts, END - timedelta(hours=1))
        source, operation, model, usual_in, usual_out, pace, price_in, price_out = CALLS[rng.randrange(len(CALLS))]
        status, error = FAILED_CALLS.get(number, ("success", None))
        tokens_in = int(usual_in * rng.lognormvariate(0, 0.25))
        tokens_out = int(usual_out * rng.lognormvariate(0, 0.35)) if status == "success" else None
        latency, cost = 30_000 + rng.random() * 40, None
        if status == "failure":
            latency = rng.lognormvariate(5.9, 0.6)
        elif tokens_out is not None:
            latency = (180 + pace * tokens_out) * math.exp(0.08 * load.at(ts)) * rng.lognormvariate(0, 0.18)
            if price_in and price_out:
                exact = (Decimal(price_in) * tokens_in + Decimal(price_out) * tokens_out) / 1000
                cost = str(exact.quantize(Decimal("0.000001")))
        rows.append(
            {
                "ts": stamp(ts),
                "run_id": new_uuid(rng),
                "source": source,
                "model": model,
                "operation": operation,
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
                "latency_ms": round(latency, 3),
                "cost_usd": cost,
                "status": status,
                "error_msg": error,
            }
        )
    return rows


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


def as_jsonl(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_csv(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)  # None becomes an empty field
    return out.getvalue()


def sample_files() -> dict[str, str]:
    """The text of each file by its name."""
    # One generator a table: a change to one leaves the others as they are.
    rngs = {name: random.Random(f"{SEED} {name}") for name in ("load", "bench", "ui", "llm", "rest")}
    load = Load(rngs["load"])
    runs, events = bench_runs(rngs["bench"], load), ui_events(rngs["ui"], load)
    written = episodes(rngs["rest"], runs, events)
    return {
        "bench_runs.jsonl": as_jsonl(runs),
        "ui_events.csv": as_csv(events),
        "llm_events.jsonl": as_jsonl(llm_events(rngs["llm"], load)),
        "episodes.jsonl": as_jsonl(written),
        "deployments.jsonl": as_jsonl(deployments(rngs["rest"], written)),
        "watcher_runs.jsonl": as_jsonl(watcher_runs(rngs["rest"], runs, events)),
        "session_stats.csv": as_csv(session_stats(events)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the sample files.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    out: Path = parser.parse_args().out
    for name, content in sample_files().items():
        (out / name).write_text(content, encoding="utf-8", newline="\n")
        print(f"{name}: {content.count(chr(10))} lines")


if __name__ == "__main__":
    main()
