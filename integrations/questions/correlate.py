"""`query.correlation`: how closely two metrics move together, and at which lag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast, get_args

from chimera_metrics import analytics
from chimera_metrics.analytics import CorrelationArguments, Question, QuestionError, arguments, metric_of
from chimera_metrics.analytics.errors import unknown
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import SHOWN_POINTS, Asking, Row, note_gaps, question_start, thin
from chimera_metrics.integrations.questions.beginnings import filled
from chimera_metrics.integrations.questions.cycles import adjusted_of, cycle_in, period_of
from chimera_metrics.integrations.questions.figures import digits_of, figure, only_partial, point, reason_of
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.results import CorrelationResult, points
from chimera_metrics.integrations.results.picture import Form, drawn_by

if TYPE_CHECKING:
    from chimera_metrics.analytics.inference.correlation import Correlation

MAX_LAG = 60


def correlate(
    client: Access, given: CorrelationArguments, cancellation: Cancellation | None = None
) -> CorrelationResult:
    """Coefficient, interval, p-value, lags and points; `reason` where a number is undefined."""
    x_filters, y_filters = arguments.conditions(given.x_filters), arguments.conditions(given.y_filters)
    max_lag = arguments.whole("max_lag", given.max_lag)
    asking = Asking(client, cancellation)
    window = asking.window_asked(given, 30)
    question = analytics.correlation(given, window=window, sizes=asking.sizes(window, [given.x, given.y]))
    sides = (metric_of(given.x), metric_of(given.y))
    rows = filled(asking, question, asking.read(question.select), sides)
    note_unknown(asking, rows, {"x": sides[0]}, x_filters)
    note_unknown(asking, rows, {"y": sides[1]}, y_filters)
    found, whole = _judge(question, rows, given.method, max_lag)
    asking.note_approximations([question])
    asking.note_partial(rows, question, shown=False)
    cautions = [*found.cautions, *_empty(whole, sides, question.granularity)]
    pairs = [row for row in whole if row["x"] is not None and row["y"] is not None]
    cycle = cycle_in(period_of(question.granularity), *([row[side] for row in whole] for side in ("x", "y")))

    not_over = only_partial(rows, question.granularity, "x", "y")
    reason = reason_of(found.reason, {"x": sides[0].text, "y": sides[1].text}, not_over)

    def build(most: int) -> dict[str, Any]:
        shown = thin(pairs, most)
        gaps = note_gaps(len(whole) - len(pairs), len(whole), question.granularity, sides=2)
        thinned = [*gaps, *_thinned(len(shown), len(pairs))]
        return _result(asking, question, found, sides, cautions, shown, thinned) | {"cycle": cycle, "reason": reason}

    result = asking.fit(CorrelationResult, build)

    def draw(form: Form) -> bytes:
        from chimera_metrics.integrations.charts import correlation_chart

        return correlation_chart(build(10 * SHOWN_POINTS), form)

    drawn_by(result, draw, given.chart)
    return result


def _judge(question: Question, rows: Sequence[Row], method: str, max_lag: int) -> tuple[Correlation, list[Row]]:
    """The correlation over the whole buckets, and those buckets."""
    from chimera_metrics.analytics.inference import correlate as judged
    from chimera_metrics.analytics.inference.correlation import Method

    if method not in get_args(Method):
        raise unknown("method", method, get_args(Method))
    if not 0 <= max_lag <= MAX_LAG:
        raise QuestionError(f"`max_lag` is {max_lag}; it takes 0 to {MAX_LAG} buckets.")
    whole = [row for row in rows if not row["partial"]]
    x, y = [row["x"] for row in whole], [row["y"] for row in whole]
    period = None if question.spaced else period_of(question.granularity)
    return judged(x, y, method=cast(Method, method), max_lag=max_lag, period=period), whole


def _result(
    asking: Asking,
    question: Question,
    found: Correlation,
    sides: tuple[Metric, Metric],
    cautions: Sequence[str],
    pairs: Sequence[Row],
    thinned: Sequence[str],
) -> dict[str, Any]:
    xs, ys = (digits_of(row[side] for row in pairs) for side in ("x", "y"))
    numbers = ("coefficient", "p_value", "ci_low", "ci_high", "n", "n_effective")
    return {
        **{name: figure(getattr(found, name)) for name in numbers},
        "method": found.method,
        "x": {"metric": sides[0].text, "unit": sides[0].unit},
        "y": {"metric": sides[1].text, "unit": sides[1].unit},
        "lags": [
            {"lag": one.lag, "coefficient": figure(one.coefficient), "p_value": figure(one.p_value), "n": one.n}
            for one in found.lags
        ],
        "best_lag": found.best_lag,
        "best_lag_p_adjusted": figure(found.best_lag_p_adjusted),
        "adjusted": adjusted_of(found),
        "points": points(
            ("ts", "x", "y"),
            [
                {"ts": question_start(question, row["ts"]), "x": point(row["x"], xs), "y": point(row["y"], ys)}
                for row in pairs
            ],
        ),
        "cautions": list(cautions),
        "notes": [*asking.notes, *thinned],
        "granularity": question.granularity,
        "source": question.source,
        "sql": asking.sql,
        "window": question.window.as_dict(),
    }


def _thinned(shown: int, every: int) -> list[str]:
    if shown == every:
        return []
    return [f"{shown} of {every} points are shown, all were used; a coarser bucket has fewer."]


def _empty(whole: Sequence[Row], sides: Sequence[Metric], granularity: str) -> list[str]:
    """A count of nothing is 0, and a pair of zeros is a pair all the same: said here."""
    if all(metric.empty == "gap" for metric in sides):
        return []
    pairs = [row for row in whole if row["x"] is not None and row["y"] is not None]
    nothing = sum(1 for row in pairs if not row["x_n"] and not row["y_n"])
    if not nothing:
        return []
    return [f"{nothing} of {len(whole)} {granularity}s have no rows on either side and count as 0."]
