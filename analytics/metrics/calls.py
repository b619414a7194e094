"""Metrics as people and models write them: calls with one meaning, put into the form that is documented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.metrics.aggregates import AGGREGATES
from chimera_metrics.analytics.tables import columns_of
from chimera_metrics.models import FACT_TABLES

_ALSO = {
    **dict.fromkeys(("mean", "average"), "avg"),
    "median": "p50",
    **dict.fromkeys(("count_distinct", "countdistinct", "distinct", "distinct_count", "nunique", "unique"), "uniq"),
    **dict.fromkeys(("approx_count_distinct", "uniqexact"), "uniq"),
    **dict.fromkeys(("std", "stdev", "stddev_samp"), "stddev"),
    "total": "sum",
    **dict.fromkeys(("minimum", "lowest"), "min"),
    **dict.fromkeys(("maximum", "highest"), "max"),
    **{
        f"{word}{digits}": f"p{digits}"
        for word in ("percentile", "pct", "q")
        for digits in ("50", "75", "90", "95", "99")
    },
}
_CALL = re.compile(r"\s*(?P<agg>[a-z]\w*)\s*\(\s*(?P<inside>.*?)\s*\)\s*", re.IGNORECASE | re.DOTALL)
_DISTINCT = re.compile(r"count\s*\(\s*distinct\s+(?P<inside>.+)\)", re.IGNORECASE)
_LEVELLED = (
    re.compile(r"quantile\w*\s*\(\s*(?P<level>[\d.]+)\s*\)\s*\(\s*(?P<inside>.+?)\s*\)", re.IGNORECASE),
    re.compile(
        r"(?:\w*percentile|\w*quantile|percentile_cont|pct)\s*\(\s*(?P<inside>[\w.]+)\s*,\s*(?P<level>[\d.]+)\s*\)",
        re.IGNORECASE,
    ),
)
_PARTS = {
    **dict.fromkeys(("aggregate", "aggregation", "agg", "function", "func", "op", "statistic", "type"), "aggregate"),
    **dict.fromkeys(("column", "field", "col", "of"), "column"),
    **dict.fromkeys(("table", "from", "source"), "table"),
    **dict.fromkeys(("metric", "name", "id", "measure"), "metric"),
}


def plain_call(text: str) -> str:
    """A call in the form that is documented: `mean(t.c)` is `avg(t.c)`, `quantile(0.95)(t.c)` is `p95(t.c)`."""
    plain = text.strip()
    if found := _DISTINCT.fullmatch(plain):
        return f"uniq({found['inside'].strip()})"
    for pattern in _LEVELLED:
        if (found := pattern.fullmatch(plain)) and (name := _percentile(found["level"])):
            return f"{name}({found['inside'].strip()})"
    call = _CALL.fullmatch(plain)
    if call is None:
        return text
    if call["agg"].lower() in ("countif", "count_if", "sumif", "avgif"):
        raise QuestionError(
            f"'{text}' has a condition of its own; write it as a filter beside count(llm_events), or as its share, "
            "such as rate(llm_events.status = failure)."
        )
    agg = _ALSO.get(call["agg"].lower(), call["agg"])
    inside = re.sub(r"\.\*$", "", call["inside"]) if agg.lower() == "count" else call["inside"]
    if (
        agg.lower() in AGGREGATES
        and agg.lower() not in ("count", "rate")
        and _owners(inside)
        and len(_owners(inside)) == 1
    ):
        inside = f"{_owners(inside)[0]}.{inside}"
    return text if (agg, inside) == (call["agg"], call["inside"]) else f"{agg}({inside})"


def metric_text(value: Any) -> Any:
    """The text of a metric that an object states, such as {"aggregate": "p95", "column": "t.c"}; others as they are."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        return value
    parts = {_PARTS.get(str(name).lower()): part for name, part in value.items()}
    if not all(isinstance(part, str) for part in parts.values()) or len(parts) != len(value):
        return value
    column = parts.get("column") or ""
    if parts.get("table") and "." not in column:
        column = f"{parts['table']}.{column}".rstrip(".")
    if parts.keys() == {"metric"}:
        return parts["metric"]
    if "aggregate" in parts and column and parts.keys() <= {"aggregate", "column", "table", "metric"}:
        return f"{parts['aggregate']}({column})"
    return value


def check_table(text: str, agg: str, inside: str, rest: str = "") -> None:
    """A QuestionError where a column is named without its table, or rows without one."""
    if inside == "*":
        raise QuestionError(f"'{text}' names no table; write count(llm_events), or another table.")
    if inside in FACT_TABLES or not (owners := _owners(inside)):
        return
    forms = " or ".join(f"{agg}({owner}.{inside}{rest})" for owner in owners[:3])
    raise QuestionError(f"'{text}' names a column without its table; write {forms}.")


def _owners(column: str) -> list[str]:
    return [name for name, table in FACT_TABLES.items() if column in columns_of(table)] if column else []


def _percentile(level: str) -> str | None:
    try:
        share = float(level)
    except ValueError:
        return None
    share = share / 100 if share > 1 else share
    return next(
        (name for name, one in AGGREGATES.items() if one.level is not None and abs(one.level - share) < 1e-9), None
    )
