"""Arguments under the names that other programs have for them, where only one can be meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

# The names here, and what others call them. Which is meant follows from what a tool takes.
_ALSO = {
    "metrics": "metric measure measures metric_name metric_names aggregates aggregations kpi kpis",
    "metric": "metrics measure measures metric_name metric_names aggregation kpi",
    "filters": "filter where conditions condition",
    "group_by": "dimensions dimension groupby grouping breakdown by split_by",
    "granularity": "bucket bucket_size period grain time_grain resolution time_granularity frequency step",
    "since": "start from start_date start_time start_at from_date date_from time_from begin after",
    "until": "end to end_date end_time end_at to_date date_to time_to before",
    "days": "last_days days_back lookback_days window_days lookback window range time_range timeframe last",
    "hours": "last_hours hours_back lookback_hours",
    "order_by": "orderby sort sort_by",
    "descending": "desc",
    "limit": "top top_n max_rows max_results",
    "sql": "query statement sql_query q",
    "parameters": "params args variables bindings",
    "max_rows": "limit row_limit max_results",
    "timeout_s": "timeout timeout_seconds",
    "table": "tables table_name name",
    "horizon": "periods steps ahead",
    "x": "metric_x x_metric metric_a metric1 first",
    "y": "metric_y y_metric metric_b metric2 second",
    "rows": "records data items events values row",
    "commit": "commit_sha sha",
}
_WRAPPERS = ("arguments", "args", "params", "parameters", "input", "kwargs", "payload")
_DIRECTIONS = {"asc": False, "ascending": False, "desc": True, "descending": True}
_HINTS = {
    "minutes": "Write hours, or since such as -90m.",
    "months": "Write days, such as 30.",
    "timezone": "Days follow the zone of the server, MUSE_TIMEZONE; since and until take an offset.",
    "tz": "Days follow the zone of the server, MUSE_TIMEZONE; since and until take an offset.",
    "having": "Write query with HAVING in its SQL.",
    "offset": "All groups come at once, up to limit.",
    "page": "All groups come at once, up to limit.",
    "format": "Answers are JSON; export makes a file.",
    "select": "Write metrics and group_by.",
    "columns": "Write metrics and group_by.",
}


def named_as_documented(fields: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` under the names in `fields`: `groupBy`, `where` and `start_date` are group_by, filters and since.

    A name that could be several, or whose own is given too, stays as it is.
    """
    found = dict(_unwrapped(fields, given))
    for name in [name for name in found if name not in fields]:
        own = _own(fields, name)
        if own is not None and own not in found:
            found[own] = found.pop(name)
    if "weeks" in found and "weeks" not in fields and "days" in fields and "days" not in found:
        weeks = found["weeks"]
        if isinstance(weeks, int) and not isinstance(weeks, bool):
            found["days"] = 7 * found.pop("weeks")
    _sides(fields, found)
    _direction(fields, found)
    return found


def hint(name: str) -> str:
    """` Write …` for an argument that there is none of, empty where the list of arguments says enough."""
    found = _HINTS.get(snake(name))
    return f" {found}" if found else ""


def snake(name: str) -> str:
    """`groupBy` and `group-by` as `group_by`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").replace(" ", "_")


def _own(fields: Collection[str], name: str) -> str | None:
    plain = snake(name)
    if plain in fields:
        return plain
    meant = [own for own, also in _ALSO.items() if own in fields and plain in also.split()]
    return meant[0] if len(meant) == 1 else None


def _unwrapped(fields: Collection[str], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands in a single object around all arguments, as some frameworks send it."""
    if len(given) != 1:
        return given
    [(name, inner)] = given.items()
    if name not in _WRAPPERS or name in fields:
        return given
    if isinstance(inner, str):
        try:
            inner = orjson.loads(inner)
        except orjson.JSONDecodeError:
            return given
    return inner if isinstance(inner, dict) else given


def _sides(fields: Collection[str], found: dict[str, Any]) -> None:
    """Two metrics of a correlation in one list."""
    both = found.get("metrics")
    takes = {"x", "y"} <= {*fields} and "metrics" not in fields and not {"x", "y"} & found.keys()
    if takes and isinstance(both, list) and len(both) == 2:
        found["x"], found["y"] = found.pop("metrics")


def _direction(fields: Collection[str], found: dict[str, Any]) -> None:
    """Order and direction in one: `-llm.calls`, `llm.calls desc`, {"column": "llm.calls", "direction": "desc"}."""
    if not {"order_by", "descending"} <= {*fields}:
        return
    for name in ("order", "direction", "sort_order", "sort_direction", "order_direction"):
        if name not in fields and str(found.get(name)).lower() in _DIRECTIONS and "descending" not in found:
            found["descending"] = _DIRECTIONS[str(found.pop(name)).lower()]
    order = found.get("order_by")
    order = order[0] if isinstance(order, list) and len(order) == 1 else order
    if isinstance(order, dict):
        order = _of_object(order)
    if not isinstance(order, str) or "descending" in found:
        return
    name, _, word = order.strip().rpartition(" ")
    if name and word.lower() in _DIRECTIONS:
        found |= {"order_by": name.strip(), "descending": _DIRECTIONS[word.lower()]}
    elif order.strip().startswith("-"):
        found |= {"order_by": order.strip()[1:], "descending": True}


def _of_object(order: Mapping[str, Any]) -> str | None:
    column = next((order[name] for name in ("column", "field", "name", "metric", "by") if name in order), None)
    word = next((order[name] for name in ("direction", "order", "dir") if name in order), None)
    down = word if word is not None else "desc" if order.get("desc") or order.get("descending") else "asc"
    return f"{column} {down}" if isinstance(column, str) and len(order) <= 2 else None
