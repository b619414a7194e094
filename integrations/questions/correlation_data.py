"""`get.correlation_data`: benchmarks beside user interactions, day by day, and what their correlation is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chimera_metrics import analytics
from chimera_metrics.analytics import CorrelationData, CorrelationDataArguments
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import Asking, Row, note_gaps, question_start, thin
from chimera_metrics.integrations.questions.cycles import adjusted_of, cycle_in, period_of
from chimera_metrics.integrations.questions.figures import digits_of, figure, only_partial, point, reason_of
from chimera_metrics.integrations.results import CorrelationDataResult, points

if TYPE_CHECKING:
    from chimera_metrics.analytics import inference
    from chimera_metrics.analytics.inference.correlation import Correlation

HEARTS = ("hearts_latency_p95_ms", "hearts_cost_per_1k")
PACKS = ("packs_latency_ms", "packs_error_rate", "packs_abandonment_rate")
_X, _Y = HEARTS[0], PACKS[0]
_GROUP = ("model", "quant", "dataset")
_SAME_MIX = 0.2
"""Buckets whose shares of models are no farther apart than this (total variation) had the same mix."""


def correlation_data(
    client: Access, given: CorrelationDataArguments, cancellation: Cancellation | None = None
) -> CorrelationDataResult:
    """r of the latencies of benchmarks and interface, its confidence, all pairs of measures, and the points."""
    from chimera_metrics.analytics.inference import correlate

    asking, granularity = Asking(client, cancellation), given.granularity
    window = asking.window(given.days, hours=given.hours)
    asked = analytics.correlation_data(window=window, granularity=granularity)
    rows = asking.fill(asked.points)
    whole = [row for row in rows if not row["partial"]]
    both = [row for row in whole if row[_X] is not None and row[_Y] is not None]
    period = period_of(asked.points.granularity)
    x, y = [row[_X] for row in whole], [row[_Y] for row in whole]
    found = correlate(x, y, period=period)
    mix = [row for row in asking.read(asked.mix.select).mappings() if row["ts"] in {one["ts"] for one in both}]
    within = _within(mix, both)
    [newest] = asking.read(asked.newest).mappings()
    asking.note_approximations([asked.points])
    asking.note_partial(rows, asked.points, shown=False)
    headline = {
        "correlation": figure(found.coefficient),
        **{name: figure(getattr(found, name)) for name in ("p_value", "ci_low", "ci_high", "n", "n_effective")},
        "adjusted": adjusted_of(found),
        "cycle": cycle_in(period, x, y),
        "reason": reason_of(found.reason, {"x": HEARTS[0], "y": PACKS[0]}, only_partial(rows, granularity, _X, _Y)),
        "cautions": [*found.cautions, *_mix_caution(mix, within, granularity)],
        "within": within,
        "hearts_rows": sum(row["hearts_rows"] or 0 for row in rows),
        "packs_rows": sum(row["packs_rows"] or 0 for row in rows),
        "pairs": _pairs(rows, granularity),
        "confidence": _confidence(asked, len(both), len(whole), found, newest, asking.now),
    }

    digits = {name: digits_of(row[name] for row in rows) for name in (*HEARTS, *PACKS)}

    known = [row for row in whole if any(row[name] is not None for name in (*HEARTS, *PACKS))]
    gaps = note_gaps(len(whole) - len(known), len(whole), granularity)

    def build(most: int) -> dict[str, Any]:
        shown = thin(known, most)
        thinned = [f"{len(shown)} of {len(known)} points are shown; all were used."] if len(shown) < len(known) else []
        rounded = [{"ts": question_start(asked.points, row["ts"]), **_measures(row, digits)} for row in shown]
        return headline | {
            "points": points(("ts", *HEARTS, *PACKS), rounded),
            "notes": [*asking.notes, *gaps, *thinned],
            "source": asked.points.source,
            "sql": asking.sql,
            "window": window.as_dict(),
        }

    return asking.fit(CorrelationDataResult, build)


def _pairs(rows: Sequence[Row], granularity: str) -> list[dict[str, Any]]:
    """Each measure of the one source with each of the other, p-values adjusted for looking at all of them."""
    from chimera_metrics.analytics.inference import benjamini_hochberg, correlate

    named, period = [(x, y) for x in HEARTS for y in PACKS], period_of(granularity)
    columns = {name: [row[name] for row in rows if not row["partial"]] for name in (*HEARTS, *PACKS)}
    found = [correlate(columns[x], columns[y], period=period) for x, y in named]
    adjusted = benjamini_hochberg([one.p_value for one in found])
    return [
        {
            "hearts": x,
            "packs": y,
            "coefficient": figure(one.coefficient),
            "p_value": figure(one.p_value),
            "p_adjusted": figure(p),
            "n": one.n,
            "adjusted": _adjusted(one),
            "reason": reason_of(one.reason, {"x": x, "y": y}, only_partial(rows, granularity, x, y)),
        }
        for (x, y), one, p in zip(named, found, adjusted, strict=True)
    ]


def _adjusted(found: Correlation) -> dict[str, Any] | None:
    """As the headline's, which says what is taken out."""
    adjusted = adjusted_of(found)
    return adjusted and {name: value for name, value in adjusted.items() if name != "removed"}


def _within(mix: Sequence[Row], both: Sequence[Row]) -> dict[str, Any]:
    """r of what each model, quant and dataset measured in a bucket with the bucket's latency in the interface."""
    from chimera_metrics.analytics.inference import correlate_within

    packs = {row["ts"]: row[_Y] for row in both}
    found: inference.WithinCorrelation = correlate_within(
        [row["latency_p95_ms"] for row in mix],
        [packs[row["ts"]] for row in mix],
        [tuple(row[name] for name in _GROUP) for row in mix],
        [row["ts"].timestamp() for row in mix],
    )
    numbers = ("coefficient", "p_value", "ci_low", "ci_high", "n", "groups", "days")
    return {**{name: figure(getattr(found, name)) for name in numbers}, "reason": reason_of(found.reason)}


def _mix_caution(mix: Sequence[Row], within: Mapping[str, Any], granularity: str) -> list[str]:
    """Whether other models ran on some days than on others: then r may come from which ran, not from how they did."""
    shares: dict[datetime, dict[tuple[Any, ...], float]] = {}
    for row in mix:
        shares.setdefault(row["ts"], {})[tuple(row[name] for name in _GROUP)] = float(row["runs"])
    changed = sum(_apart(one, following) > _SAME_MIX for one, following in pairwise(shares.values()))
    if not changed:
        return []
    every = {group for one in shares.values() for group in one}
    if within["coefficient"] is None:
        inside = f"r within them is not known: {within['reason']['text']}"
    else:
        groups = f"{within['groups']} group{'' if within['groups'] == 1 else 's'}"
        p = "p is not known" if within["p_value"] is None else f"p = {within['p_value']:.2g}"
        inside = (
            f"Within them r is {within['coefficient']:.2f} "
            f"({within['n']} values in {groups} on {within['days']} {granularity}s, {p})."
        )
    return [
        f"The mix of models changed between {granularity}s ({changed} times in {len(shares)}, of {len(every)} "
        f"combinations of model, quant and dataset), so r may show which ran rather than how they did. {inside}"
    ]


def _apart(one: Mapping[Any, float], other: Mapping[Any, float]) -> float:
    """How far the shares of two buckets' runs are apart, 0 to 1: the total variation distance."""
    all_one, all_other = sum(one.values()), sum(other.values())
    return sum(abs(one.get(key, 0.0) / all_one - other.get(key, 0.0) / all_other) for key in {*one, *other}) / 2


def _confidence(
    asked: CorrelationData, both: int, whole: int, found: Correlation, newest: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    confidence = analytics.confidence(
        days_with_both=both,
        days=whole,
        coefficient=found.coefficient,
        p_value=found.p_value,
        newest_hearts=newest["hearts"],
        newest_packs=newest["packs"],
        now=now,
    )
    return {name: figure(getattr(confidence, name)) for name in ("score", "completeness", "strength", "recency")}


def _measures(row: Row, digits: Mapping[str, int]) -> dict[str, Any]:
    return {name: point(row[name], digits[name]) for name in (*HEARTS, *PACKS)}
