"""What each question is asked with, said once: name, type, default and meaning of every argument.

The tools take these by their schema, the methods of the client by their signature, and `analytics` as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any

from chimera_metrics.analytics.metrics.filters import Filter
from chimera_metrics.analytics.metrics.language import Metric

Metrics = str | Metric | Sequence[str | Metric]
Columns = str | Sequence[str]
Filters = Mapping[str, Any] | Sequence[Mapping[str, Any] | Filter]
Moment = str | date


@dataclass(frozen=True, slots=True)
class Argument:
    """What an argument means, and the smallest number that it takes.

    settled: the rows that are read do not depend on it as it stands. It says in words which window is meant, or what
    becomes of the answer.
    """

    meaning: str
    least: int | None = None
    settled: bool = False


_around = partial(Argument, settled=True)
Days = Annotated[int | None, _around("Whole days back", least=0)]
Hours = Annotated[int | None, _around("Or whole hours", least=0)]
Since = Annotated[Moment | None, _around("Or from: ISO 8601")]
Until = Annotated[Moment | None, _around("Up to, exclusive")]
BaselineUntil = Annotated[Moment | None, _around("Its end, exclusive")]
Chart = Annotated[bool, _around("Add a PNG")]
Narrowed = Annotated[Filters, Argument("Rows must meet all")]


class AskedWith:
    """Arguments of a question."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CompareArguments(AskedWith):
    metrics: Annotated[Metrics, Argument("Metrics of one table. Such as llm.error_rate")]
    days: Days = None
    since: Since = None
    until: Until = None
    baseline_since: Annotated[Moment | None, _around("Start of a; default whole weeks earlier")] = None
    baseline_until: BaselineUntil = None
    a_filters: Annotated[Filters, Argument("Group a, as filters; needs b_filters")] = ()
    b_filters: Annotated[Filters, Argument("Group b")] = ()
    commit: Annotated[str | None, _around("Before it against from it on; 28 days")] = None
    filters: Narrowed = ()
    group_by: Annotated[Columns, Argument("Columns of few values")] = ()
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None
