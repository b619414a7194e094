"""Rows about the overlay's users: events, and what each session came to."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import fmean

from fields import Load, Row, commit_at, new_uuid, stamp
from story import (
    END,
    FORMAT_2_FROM,
    LONGEST_SESSION,
    PACKS_COMMITS,
    REGRESSION_FROM,
    SENSITIVE,
    SESSIONS,
    START,
    UI_ERRORS,
    UI_EVENTS,
    UI_LATENCY_MS,
    UI_REGRESSION,
    USER_AGENTS,
)


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
