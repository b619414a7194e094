"""Made-up stores of 35 days (weekends, days that differ, rare words, many words) with a story planted in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.noise import ar1
from chimera_metrics.analytics.inference.driver_cube import Cube
from chimera_metrics.analytics.inference.series import Floats, Indices

SIZES = {"source": 3, "model": 4, "operation": 7, "region": 5, "client": 12, "customer": 60}
WEEK = np.array([1.0, 1.05, 1.05, 1.02, 0.95, 0.45, 0.4])
FIRST_SEED = 1000
"""Seeds below are for tuning."""
Where = dict[str, int]
STORIES: tuple[tuple[str, str], ...] = (
    ("cross", "rate"), ("two", "rate"), ("everywhere", "rate"), ("creep", "mean"), ("volume", "count"),
    ("rare", "rate"), ("new", "rate"), ("new", "sum"), ("creep", "sum"), ("everywhere", "count"),
    ("everywhere", "mean"), ("cross", "sum"), ("one", "rate"), ("silent", "count"), ("silent", "sum"),
    ("mix", "rate"), ("mix", "mean"), ("one", "sum"), ("one", "mean"),
)  # fmt: skip
"""Story and metric: one word's rate +15 points or cost x 1.6; a crossing of two +42 points or x 4; a mix shift to a
dear and faulty model; the largest source silent; a model's cost creeping up to x 3; a source (+12 points) and a
crossing (+30) at once; a new model; a customer with 1 % of the rows at a rate of 0.9; a client with 3.3 times its rows;
everything at x 2.2, x 1.8 or, of counts, 1.8 times."""


@dataclass
class Rows:
    """A store's rows as columns, and what was planted in it."""

    day: Indices
    words: dict[str, Indices]
    rate: Floats
    cost: Floats
    keep: Any
    new: Any
    worse: Floats
    mid: Where
    big: Where
    causes: list[Where]

    def at(self, where: Mapping[str, int]) -> Any:
        return np.all([self.words[dim] == word for dim, word in where.items()], axis=0)


def store(
    story: str = "none",
    metric: str = "rate",
    seed: int = 0,
    *,
    days: int = 35,
    width: int = 7,
    per_day: int = 800,
    lag: float = 0.0,
    noise: float = 0.10,
) -> tuple[Cube, list[Where]]:
    """The cube of a store, and the causes planted. days: the last `width` are the newer window, the `width` before the
    baseline. per_day: rows of a Monday. noise: sd of the logarithm of a day's level. lag: AR(1) of days and words."""
    rng = np.random.default_rng(seed)
    weekday = (np.arange(days) + rng.integers(7)) % 7
    rows = _rows(rng, days, width, weekday, per_day, lag, noise)
    _plant(rng, rows, story, metric, days, width)
    fail = rng.random(len(rows.day)) < np.minimum(rows.rate, 0.95)
    paid = rows.cost * np.exp(rng.standard_normal(len(rows.day)) * 0.5)
    s = {"rate": fail.astype(float), "sum": paid, "mean": paid, "count": np.ones(len(rows.day))}[metric][rows.keep]
    index = np.arange(days)
    cube = Cube(
        rows.day[rows.keep],
        {dim: code[rows.keep] for dim, code in rows.words.items()},
        np.ones(len(s)),
        s,
        s * s,
        weekday.astype(np.intp),
        (index >= days - 2 * width) & (index < days - width),
        index >= days - width,
        metric in ("sum", "count"),
    )
    return cube, rows.causes


def _rows(
    rng: np.random.Generator, days: int, width: int, weekday: Any, per_day: int, lag: float, noise: float
) -> Rows:
    level, worse = (np.exp(noise * ar1(rng, lag, 1, days)[0]) for _ in range(2))
    day = np.repeat(np.arange(days), rng.poisson(per_day * WEEK[weekday] * level))
    total = len(day)
    usual = {d: _zipf(k) if d == "customer" else rng.permuted(_zipf(k)) for d, k in SIZES.items()}
    words = {}
    for dim, size in SIZES.items():  # every word's share wanders from day to day
        share = usual[dim] * np.exp(0.08 * ar1(rng, lag, size, days)).T
        edge = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)
        words[dim] = np.minimum((rng.random(total)[:, None] > edge[day]).sum(axis=1), size - 1).astype(np.intp)
    effect = {dim: np.exp(0.25 * rng.standard_normal(size)) for dim, size in SIZES.items()}
    rate = 0.03 * worse[day] * np.prod([effect[d][words[d]] for d in ("source", "model", "operation")], axis=0)
    for dim in ("source", "model"):  # and so does every word's rate
        rate = rate * np.exp(0.06 * ar1(rng, lag, SIZES[dim], days)).T[day, words[dim]]
    cost = 0.01 * worse[day] * np.prod([effect[d][words[d]] for d in ("model", "operation")], axis=0)
    big = {dim: int(usual[dim].argmax()) for dim in SIZES}
    mid = {dim: int(np.argsort(usual[dim])[len(usual[dim]) // 2]) for dim in SIZES}
    keep, new = np.ones(total, dtype=np.bool_), day >= days - width
    return Rows(day.astype(np.intp), words, rate, cost, keep, new, worse[day], mid, big, [])


def _zipf(size: int, power: float = 0.7) -> Floats:
    weights = 1.0 / np.arange(1, size + 1) ** power
    shares: Floats = weights / weights.sum()
    return shares


def _plant(rng: np.random.Generator, rows: Rows, story: str, metric: str, days: int, width: int) -> None:
    source, model = {"source": rows.mid["source"]}, {"model": rows.mid["model"]}
    cross = model | {"operation": rows.mid["operation"]}
    match story:
        case "one":
            _raise(rows, source, 0.15, 1.6)
        case "cross":
            _raise(rows, cross, 0.42, 4.0)
        case "two":
            _raise(rows, source, 0.12, 1.6)
            _raise(rows, model | {"operation": rows.big["operation"]}, 0.3, 3.0)
        case "mix" | "new":
            if story == "new":
                rows.keep &= rows.new | ~rows.at(model)
            else:
                rows.words["model"][rows.new & (rng.random(len(rows.day)) < 0.5)] = model["model"]
            there = rows.at(model)
            rows.rate[there], rows.cost[there] = 0.2 * rows.worse[there], 0.06 * rows.worse[there]
            rows.causes = [model]
        case "silent":
            rows.causes = [{"source": rows.big["source"]}]
            rows.keep &= ~(rows.new & rows.at(rows.causes[0]))
        case "creep":
            climb = np.maximum(rows.day - (days - 3 * width), 0) / (3.0 * width)
            there = rows.at(model)
            rows.cost[there] *= (1.0 + 2.0 * climb)[there]
            rows.rate[there] *= (1.0 + 4.0 * climb)[there]
            rows.causes = [model]
        case "rare":
            rows.causes = [{"customer": 45}]
            there = rows.new & rows.at(rows.causes[0])
            rows.rate[there] = 0.9
            rows.cost[there] *= 30.0
        case "volume":
            rows.causes = [{"client": rows.mid["client"]}]
            rows.keep &= ~(~rows.new & rows.at(rows.causes[0]) & (rng.random(len(rows.day)) < 0.7))
        case "everywhere":
            rows.causes = [{}]
            rows.rate[rows.new] *= 2.2
            rows.cost[rows.new] *= 1.8
            if metric == "count":
                rows.keep &= rows.new | (rng.random(len(rows.day)) >= 0.45)


def _raise(rows: Rows, where: Where, points: float, factor: float) -> None:
    there = rows.new & rows.at(where)
    rows.rate[there] += points
    rows.cost[there] *= factor
    rows.causes.append(where)
