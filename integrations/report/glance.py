"""Today at a glance, and what moved against the weeks before."""

from __future__ import annotations

from typing import Any

from chimera_metrics.analytics import QuestionError, metric_of
from chimera_metrics.integrations.report.parts import Ask, Cell, Link, Planned, Section, Table, Tile
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.words import change, p_words, shown, unit_of
from chimera_metrics.integrations.results import Result

GLANCE = {
    "Models": ("llm.calls", "llm.error_rate", "llm.latency_p95_ms", "llm.cost_usd"),
    "Interface": ("ui.sessions", "ui.error_rate", "ui.abandonment_rate", "ui.latency_p95_ms"),
    "Benchmarks": ("bench.runs", "bench.latency_p95_ms", "bench.tokens_per_sec"),
    "Episodes": ("episodes.count", "episodes.confidence", "episodes.cost_usd"),
    "Deployments": ("deploy.count", "deploy.success_rate", "deploy.duration_p50_ms"),
    "Pipeline": ("pipeline.runs", "pipeline.valid_rate", "pipeline.lag_max_seconds"),
}
"""The figures of the first view, by what they are about; each line is of one table."""


_SAID = {
    "bench.tokens_per_sec": "tokens per second",
    "deploy.duration_p50_ms": "median duration",
    "pipeline.lag_max_seconds": "highest lag",
}
"""Figures whose name in the catalog says itself badly."""


def glance(scope: Scope) -> list[Planned]:
    """The figures of the window, then the freshness of what they rest on."""
    return [
        Planned("At a glance", lambda ask: _tiles(ask, scope)),
        Planned("Freshness", lambda ask: _freshness(ask)),
    ]


def moved(scope: Scope) -> list[Planned]:
    return [Planned("What moved", lambda ask: _moved(ask, scope))]


def _tiles(ask: Ask, scope: Scope) -> Section:
    tiles: list[Tile] = []
    sql: list[str] = []
    notes: list[str] = []
    window: dict[str, Any] = {}
    for topic, metrics in GLANCE.items():
        answer = ask(
            "aggregate", metrics=list(metrics), filters=scope.filters_of(metrics[0]), **scope.window(default=7)
        )
        values = answer["rows"][0] if answer["rows"] else [None] * len(metrics)
        for metric, value in zip(metrics, values[-len(metrics) :], strict=True):
            plain = metric.partition(".")[2].removesuffix("_ms").removesuffix("_usd").replace("_", " ")
            name = _SAID.get(metric, plain)
            link = Link("Trend", "trend", {"metric": metric})
            tiles.append(Tile(f"{topic}: {name}", shown(value, unit_of(metric)), metric, link))
        sql.append(answer["sql"])
        notes += [note for note in answer["notes"] if note not in notes]
        window = answer["window"]
    line = f"{window['since'][:16].replace('T', ' ')} to {window['until'][:16].replace('T', ' ')} UTC"
    line += f", days of {window['timezone']}." if window["timezone"] != "UTC" else "."
    return Section("At a glance", [line], tiles=tiles, notes=notes, sql="\n".join(sql))


def _freshness(ask: Ask) -> Section:
    found = ask("freshness")
    rows: list[list[Cell]] = [[one["name"], one["level"], one["figure"], one["advice"]] for one in found["checks"]]
    said = "The newest rows have arrived." if found["fresh"] else "Rows that should have arrived are missing."
    table = Table("Freshness of the sources", ["source", "level", "what was found", "what to do"], rows)
    return Section("Freshness", [said], tables=[table])


def comparisons(ask: Ask, scope: Scope) -> tuple[list[Result], list[Result]]:
    """Every comparison of the figures of the first view, and the answers that they are from."""
    answers = []
    for metrics in GLANCE.values():
        known = [one for one in metrics if metric_of(one).better != "neutral"]
        try:
            answers.append(ask("compare", metrics=known, filters=scope.filters_of(known[0]), **scope.window(default=7)))
        except QuestionError:  # a window without a whole day has nothing to compare; the section says so
            continue
    return [one for answer in answers for one in answer["comparisons"]], answers


def _moved(ask: Ask, scope: Scope) -> Section:
    every, answers = comparisons(ask, scope)
    if not answers:
        return Section("What moved", ["The window holds no whole day, so nothing can be compared yet."])
    found = sorted((one for one in every if one["verdict"] in ("worse", "better")), key=lambda one: one["verdict"])[
        ::-1
    ]
    rows: list[list[Cell]] = [
        [
            Link(one["metric"], "drivers", {"metric": one["metric"]}),
            Link(one["verdict"], "drivers", {"metric": one["metric"]}, one["verdict"]),
            shown(one["a"], unit_of(one["metric"])),
            shown(one["b"], unit_of(one["metric"])),
            change(one["change_pct"]),
            p_words(one["p_adjusted"]),
        ]
        for one in found
    ]
    now, before = (
        f"{answers[0][side]['since'][:10]} to {answers[0][side]['until'][:10]}"
        for side in ("window", "baseline_window")
    )
    quiet = len(every) - len(found)
    said = f"{len(found)} of {len(every)} figures got better or worse, {now} against {before}."
    lines = [said] if found else [f"None of {len(every)} figures moved beyond chance, {now} against {before}."]
    head = ["figure", "verdict", "before", "now", "change", "p, corrected"]
    tables = [Table("Figures that moved", head, rows, 2)] if rows else []
    notes = [f"{quiet} figures are the same or unclear."] if found and quiet else []
    return Section("What moved", lines, tables=tables, notes=notes, sql="\n".join(one["sql"] for one in answers))


def worse_or_better(ask: Ask, scope: Scope, most: int = 3) -> list[str]:
    """The metrics that moved, the surest first: those whose drivers are worth a look."""
    every, _ = comparisons(ask, scope)
    found = [one for one in every if one["verdict"] in ("worse", "better")]
    return [one["metric"] for one in sorted(found, key=lambda one: one["p_adjusted"] or 0.0)[:most]]
