"""What a comparison reads of each day, in one window or in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from chimera_metrics.analytics.metrics.filters import Filter
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.questions.aggregate import keep_groups
from chimera_metrics.analytics.questions.series import values_of
from chimera_metrics.analytics.row_counts import Sizes
from chimera_metrics.analytics.sql.blocks import Value
from chimera_metrics.analytics.sql.source import Source, source_of
from chimera_metrics.analytics.window import Window


@dataclass(frozen=True, slots=True)
class Daily:
    """Metrics of one table by group, of the rows that meet the filters."""

    metrics: tuple[Metric, ...]
    groups: tuple[str, ...]
    filters: tuple[Filter, ...]
    exact: bool
    sizes: Sizes

    def source(self, window: Window) -> Source:
        """What has the values of each of the window's days."""
        return source_of(
            self.metrics,
            window,
            granularity="day",
            columns=self.groups,
            filters=self.filters,
            exact=self.exact,
            sizes=self.sizes,
        )

    @property
    def values(self) -> list[Value]:
        """Of each metric `<label>`, and the `<label>_n` that it rests on."""
        return [value for metric in self.metrics for value in values_of(metric, metric.label, f"{metric.label}_n")]

    def largest(
        self, statement: Select[Any], names: Sequence[str], limit: int, within: Sequence[str] = ()
    ) -> Select[Any]:
        """The columns `names` of the groups with the most rows, of each `within` on its own; of all without groups."""
        if not self.groups:
            return statement
        n = f"{self.metrics[0].label}_n"
        kept = keep_groups(statement, self.groups, n, True, limit, additive=True, within=within)
        return kept.with_only_columns(*(kept.selected_columns[name] for name in names))
