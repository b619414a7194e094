"""Inference on the small series that a `Select` returns: numbers in, dataclasses out; no I/O or clock.

Import it in the call that needs it: NumPy and SciPy take a while to load. `None`, NaN and infinities in the
input are gaps. An undefined number is `None` beside a `Reason`.
"""

from chimera_metrics.analytics.inference.anomalies import Anomalies, Anomaly, AnomalyRun, anomalies
from chimera_metrics.analytics.inference.change_points import ChangePoint, ChangePoints, change_points
from chimera_metrics.analytics.inference.correlation import (
    AdjustedCorrelation,
    Correlation,
    LagCorrelation,
    correlate,
)
from chimera_metrics.analytics.inference.cycles import Cycle, cycle
from chimera_metrics.analytics.inference.difference_sides import DailySide
from chimera_metrics.analytics.inference.differences import (
    Difference,
    Verdict,
    adjusted,
    difference,
    undecided,
    verdict_of,
)
from chimera_metrics.analytics.inference.driver_cube import Cube
from chimera_metrics.analytics.inference.drivers import Driver, Drivers, drivers
from chimera_metrics.analytics.inference.forecast import (
    Backtest,
    Forecast,
    ForecastInterval,
    Total,
    default_horizon,
    forecast,
)
from chimera_metrics.analytics.inference.histories import History, compare_histories, compare_history, compare_newest
from chimera_metrics.analytics.inference.intervals import (
    Interval,
    QuantileRanks,
    mean_interval,
    mean_interval_of,
    quantile_interval,
    quantile_ranks,
    wilson,
)
from chimera_metrics.analytics.inference.multiplicity import benjamini_hochberg, holm, sidak
from chimera_metrics.analytics.inference.newest import Newest, Odd, Watched, newest_anomalies
from chimera_metrics.analytics.inference.reasons import Reason, ReasonCode
from chimera_metrics.analytics.inference.regressions import (
    Case,
    Comparison,
    FirstBad,
    Regression,
    compare,
    compare_all,
    first_bad_commit,
    more_runs_needed,
    regressions,
)
from chimera_metrics.analytics.inference.slope_between_steps import BetweenSteps
from chimera_metrics.analytics.inference.trend import Direction, TrendEstimate, trend, trends
from chimera_metrics.analytics.inference.watches import ChangeLook, ThresholdLook, look_at_threshold, look_for_change
from chimera_metrics.analytics.inference.within import WithinCorrelation, correlate_within

__all__ = [
    "AdjustedCorrelation",
    "Anomalies",
    "Anomaly",
    "AnomalyRun",
    "Backtest",
    "BetweenSteps",
    "Case",
    "ChangeLook",
    "ChangePoint",
    "ChangePoints",
    "Comparison",
    "Correlation",
    "Cube",
    "Cycle",
    "DailySide",
    "Difference",
    "Direction",
    "Driver",
    "Drivers",
    "FirstBad",
    "Forecast",
    "ForecastInterval",
    "History",
    "Interval",
    "LagCorrelation",
    "Newest",
    "Odd",
    "QuantileRanks",
    "Reason",
    "ReasonCode",
    "Regression",
    "ThresholdLook",
    "Total",
    "TrendEstimate",
    "Verdict",
    "Watched",
    "WithinCorrelation",
    "adjusted",
    "anomalies",
    "benjamini_hochberg",
    "change_points",
    "compare",
    "compare_all",
    "compare_histories",
    "compare_history",
    "compare_newest",
    "correlate",
    "correlate_within",
    "cycle",
    "default_horizon",
    "difference",
    "drivers",
    "first_bad_commit",
    "forecast",
    "holm",
    "look_at_threshold",
    "look_for_change",
    "mean_interval",
    "mean_interval_of",
    "more_runs_needed",
    "newest_anomalies",
    "quantile_interval",
    "quantile_ranks",
    "regressions",
    "sidak",
    "trend",
    "trends",
    "undecided",
    "verdict_of",
    "wilson",
]
