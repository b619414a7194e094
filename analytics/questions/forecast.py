"""A metric's series, and the buckets ahead that a forecast is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chimera_metrics.analytics.arguments import whole
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.questions.asked import ForecastArguments
from chimera_metrics.analytics.questions.by_name import by_name
from chimera_metrics.analytics.questions.question import Question, Row
from chimera_metrics.analytics.questions.series import series
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, ahead
from chimera_metrics.analytics.window import Window

MAX_HORIZON = 1_000
DEFAULT_DAYS = {"minute": 1, "hour": 14, "day": 90, "week": 728, "month": 1_826}
"""How far back a forecast looks where no window is given: at most as many buckets as a series may have."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The series to learn from, and how many buckets ahead are asked for."""

    series: Question
    horizon: int

    def ahead(self, rows: Sequence[Row]) -> list[datetime]:
        """The starts of the buckets ahead: from the first one that is not over, or not in the window. Empty where no
        bucket is over.

        rows: of the series, filled.
        """
        over = {row["ts"] for row in rows if not row["partial"]}
        last = next((bucket for bucket in reversed(self.series.buckets()) if bucket.start in over), None)
        if last is None:
            return []
        return ahead(last.end, self.series.granularity, self.series.window.zone, self.horizon)


@by_name(ForecastArguments)
def forecast(
    asked: ForecastArguments,
    *,
    window: Window,
    exact: bool = False,
    max_points: int = MAX_POINTS,
    sizes: Sizes = UNSIZED,
) -> Forecast:
    """What `series` gives without groups, and how many buckets ahead it is for.

    Undefined when: the horizon is no whole number from 1 to 1,000; then a QuestionError.
    """
    buckets = whole("horizon", asked.horizon)
    if not 1 <= buckets <= MAX_HORIZON:
        raise QuestionError(f"`horizon` is {buckets:,}; it takes 1 to {MAX_HORIZON:,} buckets ahead.")
    learned = series(
        asked.metric,
        window=window,
        granularity=asked.granularity,
        filters=asked.filters,
        exact=exact,
        max_points=max_points,
        sizes=sizes,
    )
    # What lies ahead is every bucket, so none of the past is left out.
    return Forecast(replace(learned, clock=()), buckets)
