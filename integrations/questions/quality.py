"""`get.quality_metrics`: one page on episodes, deployments, models, the interface and the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import analytics
from analytics import Window
from integrations.clickhouse.executor import Cancellation
from integrations.clickhouse.shaping import Shaper
from integrations.questions.asking import Asking
from integrations.questions.figures import figure
from integrations.results import Result

if TYPE_CHECKING:
    from integrations.questions.methods import Questions

SECTIONS = ("episodes", "deployments", "llm", "ui", "pipeline")

Addition = Callable[["Questions", Window], Mapping[str, Any]]
ADDITIONS: tuple[Addition, ...] = ()
"""Further fields of the answer, such as freshness: each a function of the client and the window."""


def quality_metrics(client: Questions, *, days: int = 7, cancellation: Cancellation | None = None) -> Result:
    """Counts, rates, costs and latencies of the window, section by section."""
    asking = Asking(client, cancellation)
    question = analytics.quality_metrics(window=asking.window(days, default_days=7))
    [row] = asking.read(question.select).mappings()
    shaper = Shaper()
    sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    for label, value in row.items():
        section, _, name = label.partition("_")
        sections[section][name] = shaper.value(figure(value))
    asking.note_approximations([question])
    further = {name: value for add in ADDITIONS for name, value in add(client, question.window).items()}
    return Result.of(
        {
            **sections,
            **further,
            "notes": asking.notes,
            "source": question.source,
            "sql": asking.sql,
            "window": question.window.as_dict(),
        }
    )
