"""Pictures of results: trends, forecasts, odd buckets, correlations, comparisons, drivers, summaries, as PNG or SVG.

Each takes the result of the operation and draws nothing that is not in it. Importing this loads Matplotlib: import it
in the call that needs it. Colours are Okabe and Ito's, which differ for all kinds of colour vision; shapes differ too.
"""

from chimera_metrics.integrations.charts.anomalies import anomalies_chart
from chimera_metrics.integrations.charts.compare import compare_chart
from chimera_metrics.integrations.charts.correlation import correlation_chart
from chimera_metrics.integrations.charts.drivers import drivers_chart
from chimera_metrics.integrations.charts.forecast import forecast_chart
from chimera_metrics.integrations.charts.performance import performance_chart
from chimera_metrics.integrations.charts.style import Form
from chimera_metrics.integrations.charts.trend import trend_chart

__all__ = [
    "Form",
    "anomalies_chart",
    "compare_chart",
    "correlation_chart",
    "drivers_chart",
    "forecast_chart",
    "performance_chart",
    "trend_chart",
]
