"""Rows about the models: benchmark runs, and calls of the pipeline's programs."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta
from decimal import Decimal

from fields import Load, Row, commit_at, new_uuid, stamp
from story import (
    CALLS,
    END,
    FAILED_CALLS,
    HEARTS_COMMITS,
    LEVELS,
    LLM_EVENTS,
    REGRESSED,
    REGRESSION,
    REGRESSION_FROM,
    SCHEDULE,
    START,
    UTC,
)


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
