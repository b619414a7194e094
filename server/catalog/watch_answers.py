"""The shapes of the answers about watches. Fields are those of the contract."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

# Their fields are in docs/watches.md; described here they would cost more than they tell.
Objects = Annotated[list[dict[str, Any]], WithJsonSchema({"type": "array"})]


class WatchAnswer(TypedDict):
    name: str
    metric: str
    when: str
    granularity: str
    group_by: NotRequired[list[str]]
    filters: NotRequired[Objects]
    value: float | None
    clear: float | None
    webhook: bool
    since: str
    set_by: str
    silenced_until: str | None
    last_look: str | None
    open_alarms: int
    notes: NotRequired[list[str]]


class WatchesAnswer(TypedDict):
    watches: Objects
    alarms: Objects
    notes: NotRequired[list[str]]


class RemovedAnswer(TypedDict):
    removed: str
