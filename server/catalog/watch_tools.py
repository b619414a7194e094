"""The tools of watches, each its typed arguments and one call on the client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from chimera_metrics.analytics.questions.asked import LENGTH, MEETS_ALL
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.results import Result
from chimera_metrics.server.catalog.arguments import Arguments
from chimera_metrics.server.catalog.asked import Bucketed, FilterArguments, MetricText, filters_given
from chimera_metrics.server.catalog.tool import MuseTool
from chimera_metrics.server.context import ServerContext

NAME = "Your name for the watch"
WORDS = {
    "watch.set": (
        "Set a watch",
        "Alarm at a change of a metric, drift (change beside a climb), above or below value.",
    ),
    "watch.list": ("List watches", "Watches and newest alarms."),
    "watch.remove": ("Remove a watch", "Alarms stay."),
}


class SetArguments(Arguments):
    name: str = Field(description=NAME)
    metric: MetricText = Field(description="Metric to look at")
    when: Literal["change", "drift", "above", "below"] = Field("change", description="What raises an alarm")
    value: float | None = Field(None, description="For above, below")
    clear: float | None = Field(None, description="Ends the alarm")
    granularity: Bucketed = Field("day", description=LENGTH.meaning)
    group_by: list[str] = Field(default_factory=list, description="Up to 2")
    filters: list[FilterArguments] = Field(default_factory=list, description=MEETS_ALL.meaning)
    webhook: str | None = Field(None, description="https")


def set_watch(context: ServerContext, args: SetArguments, _: Cancellation) -> Result:
    return context.client.watch_set(**args.model_dump(exclude={"filters"}), filters=filters_given(args.filters))


class ListArguments(Arguments):
    pass


def list_watches(context: ServerContext, _: ListArguments, __: Cancellation) -> Result:
    return context.client.watch_list()


class RemoveArguments(Arguments):
    name: str = Field(description=NAME)


def remove_watch(context: ServerContext, args: RemoveArguments, _: Cancellation) -> Result:
    return context.client.watch_remove(args.name)


def watch_tools() -> Iterator[MuseTool]:
    """Under their dotted names."""
    yield MuseTool("watch.set", "watch", *WORDS["watch.set"], lambda: SetArguments, set_watch, stores=True)
    yield MuseTool("watch.list", "watch", *WORDS["watch.list"], lambda: ListArguments, list_watches)
    yield MuseTool(
        "watch.remove",
        "watch",
        *WORDS["watch.remove"],
        lambda: RemoveArguments,
        remove_watch,
        stores=True,
        removes=True,
    )
