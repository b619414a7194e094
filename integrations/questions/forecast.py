"""`query.forecast`: what a metric will be next, how sure that is, and how it did in backtests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chimera_metrics import analytics
from chimera_metrics.analytics import ForecastArguments, Metric, granularity_of, metric_of
from chimera_metrics.analytics.arguments import conditions
from chimera_metrics.analytics.metrics.bounds import bounds_of
from chimera_metrics.analytics.metrics.filters import stated
from chimera_metrics.analytics.questions.forecast import DEFAULT_DAYS
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import iso
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.beginnings import filled
from chimera_metrics.integrations.questions.cycles import by_the_clock, cycle_of, period_of
from chimera_metrics.integrations.questions.figures import digits_of, figure, only_partial, point, reason_of
from chimera_metrics.integrations.questions.filters import in_words
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.results import ForecastResult
from chimera_metrics.integrations.results.picture import Form, drawn_by
from chimera_metrics.models import FACT_TABLES

if TYPE_CHECKING:
    from chimera_metrics.analytics import inference

SUMMED = ("count", "sum")
"""The aggregates whose buckets have a total."""
APART = 0.05
"""Of itself, from where on the total's distance from the sum of the values is told."""
COLUMNS = ["ts", "value", "low_80", "high_80", "low_95", "high_95"]


def forecast(client: Access, given: ForecastArguments, cancellation: Cancellation | None = None) -> ForecastResult:
    """The buckets ahead with their intervals, the total of sums and counts, and the backtests behind it."""
    from chimera_metrics.analytics import inference

    filters = conditions(given.filters)
    asking = Asking(client, cancellation)
    by = granularity_of(given.granularity, bucketed=True)
    window = asking.window_asked(given, DEFAULT_DAYS[by])
    period = period_of(by) or 1
    if given.horizon is None:
        given = replace(given, horizon=inference.default_horizon(period))
    asked = analytics.forecast(given, window=window, sizes=asking.sizes(window, [given.metric]))
    measured = metric_of(given.metric)
    rows = filled(asking, asked.series, asking.read(asked.series.select), [measured], filters)
    note_unknown(asking, rows, {"value": measured}, filters)
    floor, ceiling = bounds_of(measured)
    found = inference.forecast(
        [row["value"] for row in by_the_clock(rows, by, window.zone) if not row["partial"]],
        asked.horizon,
        period=period,
        floor=floor,
        ceiling=ceiling,
    )
    ahead = asked.ahead(rows) if found.values else []
    asking.note_approximations([asked.series])
    if window.to_now and ahead:
        asking.notes.append(f"{iso(ahead[0])} is the {by} that is running; it is forecast as a whole.")
    asking.notes += _apart(found, measured)
    answer: dict[str, Any] = {
        "metric": measured.text,
        "unit": measured.unit,
        "better": measured.better,
        "granularity": by,
        "horizon": asked.horizon,
        "filters": [in_words(one) for one in stated(FACT_TABLES[measured.table], filters)],
        **_described(found, ahead, measured, digits_of(row["value"] for row in rows)),
        "reason": reason_of(found.reason, {"the series": "the metric"}, only_partial(rows, by, "value")),
        "notes": asking.notes,
        "source": asked.series.source,
        "sql": asking.sql,
        "window": window.as_dict(),
    }
    result = ForecastResult.of(answer)

    def draw(form: Form) -> bytes:
        from chimera_metrics.integrations.charts import forecast_chart

        return forecast_chart(answer | {"points": _points(rows)}, form)

    drawn_by(result, draw, given.chart)
    return result


def _described(found: inference.Forecast, ahead: Sequence[datetime], metric: Metric, digits: int) -> dict[str, Any]:
    tested = found.backtest
    ends = [side for one in found.intervals for side in (one.low, one.high)]
    columns = zip(found.values, *ends, strict=True)
    return {
        "n": found.n,
        "forecast": {
            "columns": COLUMNS,
            "rows": [[iso(ts), *(point(x, digits) for x in row)] for ts, row in zip(ahead, columns, strict=True)],
        },
        "total": _total(found.total) if metric.aggregate.name in SUMMED else None,
        "method": _method(found),
        "cycle": cycle_of(found.cycle),
        "backtest": tested
        and {
            "cases": tested.cases,
            "mase": figure(tested.mase, 4),
            "mase_naive": figure(tested.mase_naive, 4),
            "coverage_80": figure(tested.coverage_80, 3),
            "coverage_95": figure(tested.coverage_95, 3),
        },
        "cautions": list(found.cautions),
    }


def _apart(found: inference.Forecast, metric: Metric) -> list[str]:
    """A note where the total is not about the sum of the values."""
    total, by_bucket = found.total, sum(found.values)
    if total is None or metric.aggregate.name not in SUMMED or abs(total.value - by_bucket) <= APART * total.value:
        return []
    where = "above" if total.value > by_bucket else "below"
    return [f"The values are medians and the total is a mean, so it lies {where} their sum, {figure(by_bucket, 4)}."]


def _method(found: inference.Forecast) -> str | None:
    """`smoothed`: a smoothed level and the cycle; `last_cycle`: the last cycle, or value, once more."""
    if not found.values:
        return None
    return "last_cycle" if found.repeats_last_cycle else "smoothed"


def _total(total: inference.Total | None) -> dict[str, Any] | None:
    if total is None:
        return None
    names = ("value", "low_80", "high_80", "low_95", "high_95")
    return {name: figure(getattr(total, name)) for name in names}


def _points(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"ts": iso(row["ts"]), "value": figure(row["value"]), "partial": row["partial"]} for row in rows]
