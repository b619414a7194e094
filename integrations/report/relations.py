"""What moves together, what is odd, and what drove a change."""

from __future__ import annotations

from typing import Any

from chimera_metrics.integrations.report.glance import worse_or_better
from chimera_metrics.integrations.report.parts import Ask, Cell, Link, Picture, Planned, Section, Table
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.trends import commit_link
from chimera_metrics.integrations.report.words import day, group_words, p_words, reason_of, shown, shown_change, unit_of
from chimera_metrics.integrations.results.numbers import number, p_text

_X, _Y = "bench.latency_p95_ms", "ui.latency_mean_ms"


def correlations(scope: Scope, least: int = 0) -> list[Planned]:
    x, y = scope.x or _X, scope.y or _Y
    planned = [Planned(f"{y} against {x}", lambda ask: _correlation(ask, scope, x, y, least))]
    if (x, y) == (_X, _Y):
        planned.append(Planned("All pairs", lambda ask: _pairs(ask, scope, least)))
    return planned


def _correlation(ask: Ask, scope: Scope, x: str, y: str, least: int) -> Section:
    given: dict[str, Any] = {
        "x": x, "y": y, "granularity": scope.granularity or "day", "max_lag": 7,
        "x_filters": scope.filters_of(x), "y_filters": scope.filters_of(y), **scope.window(default=30, least=least),
    }  # fmt: skip
    answer = ask("correlate", **given)
    if answer["coefficient"] is None:
        said = reason_of(answer)
    else:
        between = "" if answer["ci_low"] is None else f" (95 %: {answer['ci_low']:.2f} to {answer['ci_high']:.2f})"
        said = f"r = {answer['coefficient']:.2f}{between}, {p_text(answer['p_value'])}, n = {answer['n']}."
    words = f"{y} against {x}: {said}"
    return Section(
        f"{y} against {x}", [said], pictures=[Picture("correlate", given, words)],
        notes=[*answer["cautions"], *answer["notes"]], sql=answer["sql"],
    )  # fmt: skip


def _pairs(ask: Ask, scope: Scope, least: int) -> Section:
    answer = ask("get_correlation_data", days=max(scope.only_days(30)["days"], least))
    rows: list[list[Cell]] = [
        [one["hearts"], one["packs"], number(one["coefficient"]), p_words(one["p_adjusted"]), f"{one['n']:,}"]
        for one in answer["pairs"]
    ]
    score = answer["confidence"]["score"]
    lines = [f"Confidence {number(score)}, from {answer['hearts_rows']:,} runs and {answer['packs_rows']:,} events."]
    table = Table("Benchmarks beside the interface", ["benchmarks", "interface", "r", "p, corrected", "n"], rows, 2)
    return Section("All pairs", lines, tables=[table], notes=answer["notes"], sql=answer["sql"])


def anomalies(scope: Scope) -> list[Planned]:
    by = scope.granularity or "hour"
    return [Planned(f"What is odd, by {by}", lambda ask: _anomalies(ask, scope, by))]


def _anomalies(ask: Ask, scope: Scope, by: str) -> Section:
    given: dict[str, Any] = {"granularity": by}
    if scope.metric:
        given |= {"metrics": [scope.metric], "filters": scope.filters_of(scope.metric)}
    answer = ask("anomalies", **given)
    rows: list[list[Cell]] = [
        [
            Link(one["metric"], "trend", {"metric": one["metric"], "granularity": by}),
            group_words(one["group"]),
            day(one["ts"]),
            shown(one["value"], unit_of(one["metric"])),
            shown(one["expected"], unit_of(one["metric"])),
            p_words(one["p_adjusted"]),
        ]
        for one in answer["anomalies"]
    ]
    said = f"{len(rows)} of the {answer['judged']:,} newest buckets are odd."
    head = ["metric", "group", "when", "value", "expected", "p, corrected"]
    unjudged = [[one["metric"], one["reason"]["text"]] for one in answer["not_judged"]]
    tables = [Table("Odd buckets", head, rows, 3)] if rows else []
    if unjudged:
        tables.append(Table("Not judged", ["metric", "why"], unjudged))
    pictures = [Picture("anomalies", given, said)] if rows else []
    return Section(
        f"What is odd, by {by}", [said], pictures=pictures, tables=tables, notes=answer["notes"], sql=answer["sql"]
    )


def drivers(scope: Scope) -> list[Planned]:
    """What drove the metric of the scope, or else the figures that moved."""
    if scope.metric is not None:
        metric = scope.metric
        return [Planned(f"What drove {metric}", lambda ask: _drivers(ask, scope, metric))]
    return [Planned("What drove what moved", lambda ask: _of_what_moved(ask, scope))]


def _of_what_moved(ask: Ask, scope: Scope) -> Section:
    found = [_drivers(ask, scope, metric) for metric in worse_or_better(ask, scope)]
    if not found:
        return Section("What drove what moved", ["Nothing moved beyond chance, so there is nothing to explain."])
    return Section(
        "What drove what moved",
        [f"{one.title}: {' '.join(one.lines)}" for one in found],
        pictures=[picture for one in found for picture in one.pictures],
        tables=[table for one in found for table in one.tables],
        notes=list(dict.fromkeys(note for one in found for note in one.notes)),
        sql="\n".join(one.sql for one in found),
    )


def _drivers(ask: Ask, scope: Scope, metric: str) -> Section:
    given: dict[str, Any] = {"metric": metric, "filters": scope.filters_of(metric), **scope.window(default=7)}
    if scope.baseline_since:
        given["baseline_since"] = scope.baseline_since
    answer = ask("drivers", **given)
    moved, unit = answer["change"], answer["unit"]
    said = f"{shown(moved['before'], unit)} before, {shown(moved['after'], unit)} now ({p_text(moved['p_value'])})."
    rows: list[list[Cell]] = [
        [
            Link(
                group_words(one["where"]) or "everything alike",
                "trend",
                {"metric": metric, "where": _where(one["where"])},
            ),
            one["kind"],
            shown(one["before"], unit),
            shown(one["after"], unit),
            shown_change(one["contribution"], unit),
            p_words(one["p_adjusted"]),
            commit_link(one["commit_sha"]),
        ]
        for one in answer["drivers"]
    ]
    head = ["where", "kind", "before", "after", "contribution", "p, corrected", "commit"]
    lines = [line for line in (said, reason_of(answer)) if line]
    return Section(
        metric, lines, pictures=[Picture("drivers", given, f"{metric}: {' '.join(lines)}")],
        tables=[Table(f"Drivers of {metric}", head, rows, 2)] if rows else [], notes=answer["notes"], sql=answer["sql"],
    )  # fmt: skip


def _where(found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{column} = {value}" for column, value in found.items())
