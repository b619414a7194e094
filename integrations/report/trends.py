"""Trends with their change points and commits; forecasts."""

from __future__ import annotations

from chimera_metrics.integrations.report.parts import Ask, Cell, Link, Picture, Planned, Section, Table
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.words import day, group_words, p_words, reason_of, shown, shown_change
from chimera_metrics.integrations.results import Result

LEADING = (
    "llm.latency_p95_ms",
    "llm.error_rate",
    "llm.cost_usd",
    "ui.latency_p95_ms",
    "ui.error_rate",
    "bench.latency_p95_ms",
)
_LEAST_DAYS = 30


def trends(scope: Scope, least: int = 0) -> list[Planned]:
    """The metric of the scope, or the leading ones."""
    metrics = LEADING if scope.metric is None else (scope.metric,)
    return [Planned(metric, lambda ask, metric=metric: trend(ask, scope, metric, least)) for metric in metrics]  # type: ignore[misc]


def trend(ask: Ask, scope: Scope, metric: str, least: int = 0) -> Section:
    """One metric: where it went, where its level changed, and which points stand out."""
    given = {
        "metric": metric,
        "granularity": scope.granularity or "day",
        "group_by": list(scope.by),
        "filters": scope.filters_of(metric),
        **scope.window(default=_LEAST_DAYS, least=least),
    }
    answer = ask("trend", **given)
    lines = [_line(one, answer) for one in answer["series"][:6]] or [reason_of(answer)]
    table = answer["source"].split(",")[0].removesuffix("_hourly")
    links = [
        Link("Rows", "rows", {"table": table, "metric": None}),
        Link("Why it moved", "drivers", {"metric": metric}),
    ]
    return Section(
        metric,
        lines,
        pictures=[Picture("trend", given, f"{metric}: {' '.join(lines)}")],
        tables=[one for one in (_changes(answer), _strays(answer)) if one.rows],
        notes=[*answer["notes"], *dict.fromkeys(c for one in answer["series"] for c in one["cautions"])],
        links=links,
        sql=answer["sql"],
    )


def _line(one: Result, answer: Result) -> str:
    unit = answer["unit"]
    name = f"{group_words(one['group'])}: " if answer["group_by"] else ""
    if one["slope_per_day"] is None:
        return f"{name}{reason_of(one)}"
    low, high = (shown_change(one[name], unit) for name in ("slope_low", "slope_high"))
    slope = f"{shown_change(one['slope_per_day'], unit)} a day (95 %: {low} to {high})"
    steps = len(one["change_points"])
    stepped = f", with {steps} change{'' if steps == 1 else 's'} of level" if steps else ""
    direction = "no clear trend" if one["direction"] == "unclear" else one["direction"]
    return f"{name}{direction}: {slope}{stepped}."


def _changes(answer: Result) -> Table:
    rows: list[list[Cell]] = [
        [
            group_words(one["group"]),
            day(step["ts"]),
            shown(step["before"], answer["unit"]),
            shown(step["after"], answer["unit"]),
            p_words(step["p_value"]),
            commit_link(step["commit_sha"]),
        ]
        for one in answer["series"]
        for step in one["change_points"]
    ]
    return Table("Changes of level", ["group", "since", "before", "after", "p", "commit"], rows, 2)


def _strays(answer: Result) -> Table:
    rows: list[list[Cell]] = [
        [group_words(one["group"]), day(stray["ts"]), shown(stray["value"], answer["unit"])]
        for one in answer["series"]
        for stray in one["anomalies"]
    ]
    return Table("Points that stand out", ["group", "when", "value"], rows, 2)


def commit_link(commit: str | None) -> Cell:
    if not commit:
        return "–"
    return Link(commit[:10], "benchmarks", {"commit": commit}, title=commit)


def forecasts(scope: Scope) -> list[Planned]:
    metric = scope.metric or "llm.cost_usd"
    return [Planned(f"What will come: {metric}", lambda ask: _forecast(ask, scope, metric))]


def _forecast(ask: Ask, scope: Scope, metric: str) -> Section:
    given = {"metric": metric, "filters": scope.filters_of(metric), "days": max(scope.days or 0, 90)}
    answer = ask("forecast", **given)
    unit, total = answer["unit"], answer["total"]
    lines = [reason_of(answer)] if answer["reason"] else []
    if total:
        sides = f"{shown(total['low_80'], unit)} to {shown(total['high_80'], unit)}"
        lines.append(f"The next {answer['horizon']} days: {shown(total['value'], unit)} (80 %: {sides}).")
    rows: list[list[Cell]] = [
        [day(row[0].removesuffix("Z")), *(shown(value, unit) for value in row[1:])]
        for row in answer["forecast"]["rows"]
    ]
    head = ["day", "forecast", "80 % low", "80 % high", "95 % low", "95 % high"]
    return Section(
        f"What will come: {metric}",
        lines,
        pictures=[Picture("forecast", given, f"Forecast of {metric}. {' '.join(lines)}")],
        tables=[Table("Forecast", head, rows, 1)] if rows else [],
        notes=[*answer["cautions"], *answer["notes"]],
        sql=answer["sql"],
    )
