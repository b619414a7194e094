"""`get.quality_metrics`: one page on episodes, deployments, models, the interface and the pipeline."""

from __future__ import annotations

from typing import Any

from chimera_metrics import analytics
from chimera_metrics.analytics import QualityArguments
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import Shaper
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import Asking
from chimera_metrics.integrations.questions.figures import amount
from chimera_metrics.integrations.questions.freshness import summary
from chimera_metrics.integrations.questions.summary_comparisons import comparisons
from chimera_metrics.integrations.results import QualityResult

# Not the rate of abandonment: it reads every event of both windows, which takes longer than all the rest.
_COMPARED: tuple[dict[str, Any], ...] = (
    {"metrics": ["llm.error_rate", "llm.latency_p95_ms", "llm.cost_usd"]},
    {"metrics": ["ui.error_rate", "ui.latency_p95_ms"]},
)
SECTIONS = ("episodes", "deployments", "llm", "ui", "pipeline")


def quality_metrics(client: Access, given: QualityArguments, cancellation: Cancellation | None = None) -> QualityResult:
    """Counts, rates, costs and latencies of the window, by section, and whether the newest rows have arrived."""
    asking = Asking(client, cancellation)
    window = asking.window(given.days, hours=given.hours)
    question = analytics.quality_metrics(window=window, sizes=asking.sizes(window, ["ui.latency_p95_ms"]))
    [row] = asking.read(question.select).mappings()
    shaper = Shaper()
    sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    for label, value in row.items():
        section, _, name = label.partition("_")
        sections[section][name] = shaper.value(amount(value))
    asking.note_approximations([question])
    compared = comparisons(asking, window, _COMPARED)
    return QualityResult.of(
        {
            **sections,
            "comparisons": compared,
            "freshness": summary(client),
            "notes": asking.notes,
            "source": question.source,
            "sql": asking.sql,
            "window": question.window.as_dict(),
        }
    )
