"""A factory per model (factory-boy): rows as callers send them, and traits whose right answer is known.

    rows(BenchRunFactory, 30, linear_trend=True)       # latency_p95_ms rises by 2 ms a day from 100 ms
    rows(UiEventFactory, 20, step=True, step_at=10)    # latency_ms is 100 ms, from the tenth row on 120 ms

Rows come one a day from `start` on, at noon UTC, unless `every` says otherwise. Nothing is random but by the literal
seed; `rows` restarts every sequence, so the same call gives the same rows.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import factory

SEED = 20260101
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
LEVEL, STEP, SLOPE, GAP = 100.0, 20.0, 2.0, 3

Row = dict[str, Any]


def rows(made: type[factory.DictFactory], count: int, **traits: Any) -> list[Row]:
    """`count` rows of a factory, its sequence starting at 0."""
    made.reset_sequence(0, force=True)
    found: list[Row] = made.build_batch(count, **traits)
    return found


def _uuid(name: str, n: int) -> str:
    return str(UUID(int=random.Random(f"{SEED} {name} {n}").getrandbits(128), version=4))


def _noise(name: str, n: int) -> float:
    """A latency around the level, with 5 % noise and three decimals."""
    return round(random.Random(f"{SEED} {name} noise {n}").gauss(LEVEL, LEVEL / 20), 3)


def _measured(measure: str, **traits: Any) -> type:
    """The Params of a factory whose `measure` carries the traits, and its own."""
    rising = factory.LazyAttributeSequence(lambda row, n: LEVEL + row.slope * n)
    stepping = factory.LazyAttributeSequence(lambda row, n: LEVEL + (STEP if n >= row.step_at else 0))
    pausing = factory.LazyAttributeSequence(
        lambda row, n: row.start + row.every * n + timedelta(days=GAP if n >= row.gap_at else 0)
    )
    common = {
        "start": START,
        "every": timedelta(days=1),
        "step_at": 10,
        "slope": SLOPE,
        "gap_at": 5,
        # Every value is 100.
        "constant": factory.Trait(**{measure: LEVEL}),
        # Rises by `slope` from row to row, from 100 on.
        "linear_trend": factory.Trait(**{measure: rising}),
        # 100 before row `step_at`, 120 from it on.
        "step": factory.Trait(**{measure: stepping}),
        # Three days without a row before row `gap_at`.
        "with_gap": factory.Trait(ts=pausing),
        # The measure does not apply.
        "without_measure": factory.Trait(**{measure: None}),
    }
    return type("Params", (), common | traits)


def _every_fourth(otherwise: str, then: str) -> Any:
    return factory.Trait(status=factory.Sequence(lambda n: then if n % 4 == 3 else otherwise))


def _time() -> Any:
    return factory.LazyAttributeSequence(lambda row, n: row.start + row.every * n)


class BenchRunFactory(factory.DictFactory):
    Params = _measured("latency_p95_ms")
    ts = _time()
    run_id = factory.Sequence(lambda n: _uuid("bench", n))
    commit_sha = factory.Sequence(lambda n: f"{n // 5:040x}")
    model = "llama"
    quant = "q8_0"
    dataset = "chat"
    latency_p50_ms = 50.0
    latency_p95_ms = factory.Sequence(lambda n: _noise("bench", n))
    latency_p99_ms = 150.0
    tokens_per_sec = 40.0
    cost_per_1k = "0.002500"
    memory_peak_mb = 9000.0


class LlmEventFactory(factory.DictFactory):
    # Every fourth call fails: an error rate of 0.25.
    Params = _measured("latency_ms", failing=_every_fourth("success", "failure"))
    ts = _time()
    run_id = factory.Sequence(lambda n: _uuid("llm", n))
    source = "council"
    model = "llama"
    operation = "write"
    tokens_in = 1000
    tokens_out = 200
    latency_ms = factory.Sequence(lambda n: _noise("llm", n))
    cost_usd = "0.010000"
    status = "success"
    error_msg = None


class UiEventFactory(factory.DictFactory):
    # Sessions of four events, the last of every second one an error: half of the sessions are abandoned.
    Params = _measured(
        "latency_ms",
        abandoned=factory.Trait(
            session_id=factory.Sequence(lambda n: _uuid("session", n // 4)),
            event_type=factory.Sequence(lambda n: "error" if n % 8 == 7 else "query_submit"),
        ),
    )
    ts = _time()
    session_id = factory.Sequence(lambda n: _uuid("session", n))
    commit_sha = None
    event_type = "query_submit"
    latency_ms = factory.Sequence(lambda n: _noise("ui", n))
    user_agent = "Chrome 126 / Windows"
    metadata = "{}"
    schema_version = 1


class EpisodeFactory(factory.DictFactory):
    Params = _measured("confidence_score")
    ts = _time()
    run_id = factory.Sequence(lambda n: _uuid("episode", n))
    series = "weekly"
    episode_num = factory.Sequence(lambda n: n + 1)
    title = factory.Sequence(lambda n: f"Episode {n + 1}")
    confidence_score = 0.8
    correlation_strength = 0.5
    tokens_total = 12000
    cost_total = "0.120000"
    status = "published"
    file_path = None
    commit_sha = None


class DeploymentFactory(factory.DictFactory):
    # Every fourth deployment fails: a success rate of 0.75.
    Params = _measured("duration_ms", failing=_every_fourth("ready", "error"))
    ts = _time()
    run_id = factory.Sequence(lambda n: _uuid("deployment", n))
    episode_run_id = factory.Sequence(lambda n: _uuid("episode", n))
    status = "ready"
    vercel_deployment_id = factory.Sequence(lambda n: f"dpl_{n}")
    url = factory.Sequence(lambda n: f"https://episode-{n}.example.org")
    duration_ms = 40000.0
    error_msg = None


class WatcherRunFactory(factory.DictFactory):
    Params = _measured("lag_seconds")
    ts = _time()
    run_id = factory.Sequence(lambda n: _uuid("watcher", n))
    hearts_commit = None
    packs_commit = None
    hearts_rows_found = 10
    packs_rows_found = 100
    lag_seconds = 60.0
    status = "valid"
    duration_ms = 120.0


class SessionStatFactory(factory.DictFactory):
    class Params:
        start = START
        every = timedelta(hours=1)

    hour = factory.LazyAttributeSequence(lambda row, n: row.start + row.every * n)
    session_id = factory.Sequence(lambda n: _uuid("session", n))
    avg_latency_ms = 100.0
    error_rate = 0.0
    abandonment_rate = 0.0
    events_count = 4
    duration_seconds = 30.0


FACTORIES: dict[str, type[factory.DictFactory]] = {
    "bench_runs": BenchRunFactory,
    "llm_events": LlmEventFactory,
    "ui_events": UiEventFactory,
    "episodes": EpisodeFactory,
    "deployments": DeploymentFactory,
    "watcher_runs": WatcherRunFactory,
    "session_stats": SessionStatFactory,
}
