"""Benchmarks by model and by commit."""

from __future__ import annotations

from chimera_metrics.integrations.report.parts import Ask, Cell, Link, Picture, Planned, Section, Table
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.trends import commit_link
from chimera_metrics.integrations.report.words import change, p_words, shown, unit_of
from chimera_metrics.integrations.results import Result, records

_MEASURES = {
    "latency_p50_ms": "p50 ms",
    "latency_p95_ms": "p95 ms",
    "tokens_per_sec": "tokens/s",
    "cost_per_1k": "USD/1k",
}
_BY_COMMIT = ("bench.runs", "bench.latency_p95_ms", "bench.tokens_per_sec", "bench.cost_per_1k")


def benchmarks(scope: Scope, least: int = 0) -> list[Planned]:
    planned = [
        Planned("Benchmarks by model", lambda ask: _by_model(ask, scope, least)),
        Planned("Benchmarks by commit", lambda ask: _by_commit(ask, scope, least)),
    ]
    if scope.commit is not None:
        planned.insert(0, Planned("Before and since the commit", lambda ask: _commit(ask, scope)))
    return planned


def _by_model(ask: Ask, scope: Scope, least: int) -> Section:
    days = max(scope.only_days(14)["days"], least)
    given = {"days": days, "model": scope.word("model"), "dataset": scope.word("dataset")}
    answer = ask("get_performance_summary", **given)
    ran = [one for one in answer["groups"] if one["runs"]]
    worse = [(one, step) for one in ran for step in one["regressions"]]
    said = f"{len(worse)} measures got worse." if worse else "Nothing got significantly worse."
    tables = [_regressions(worse)] if worse else []
    if ran:
        tables.append(_groups(ran))
    pictures = [Picture("get_performance_summary", given, f"Benchmarks against the window before. {said}")]
    lines = [said] if ran else ["There are no benchmark runs in this window."]
    return Section(
        "Benchmarks by model",
        lines,
        pictures=pictures if ran else [],
        tables=tables,
        notes=answer["notes"],
        sql=answer["sql"],
    )


def _name(one: Result) -> Link:
    where = (f"model = {one['model']}", f"quant = {one['quant']}", f"dataset = {one['dataset']}")
    return Link(
        f"{one['model']} {one['quant']} {one['dataset']}", "trend", {"metric": "bench.latency_p95_ms", "where": where}
    )


def _groups(ran: list[Result]) -> Table:
    rows: list[list[Cell]] = []
    for one in ran:
        cells: list[Cell] = [_name(one), f"{one['runs']:,}"]
        for measure in _MEASURES:
            cells += [shown(one[measure], None), change(one["change_pct"][measure])]
        rows.append(cells)
    head = ["model, quant, dataset", "runs"]
    for words in _MEASURES.values():
        head += [words, "change"]
    return Table("Means and their change against the window before", head, rows, 1)


def _regressions(worse: list[tuple[Result, Result]]) -> Table:
    rows: list[list[Cell]] = [
        [
            _name(one),
            step["measure"],
            shown(step["before"], None),
            shown(step["after"], None),
            change(step["change_pct"]),
            p_words(step["p_adjusted"]),
            commit_link(step["commit_sha"]),
        ]
        for one, step in worse
    ]
    return Table("Regressions", ["benchmark", "measure", "before", "after", "change", "p", "first bad commit"], rows, 2)


def _by_commit(ask: Ask, scope: Scope, least: int) -> Section:
    answer = ask(
        "aggregate", metrics=list(_BY_COMMIT), group_by=["commit_sha", "model"], filters=scope.filters("bench_runs"),
        order_by="bench.runs", descending=True, limit=25, **scope.window(default=14, least=least),
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [
            commit_link(row["commit_sha"]),
            str(row["model"]),
            *(shown(value, unit_of(m)) for value, m in zip(list(row.values())[2:], _BY_COMMIT, strict=True)),
        ]
        for row in records(answer)
    ]
    head = ["commit", "model", "runs", "p95 latency", "tokens/s", "USD/1k"]
    lines = ["The commits with the most runs."] if rows else ["There are no benchmark runs in this window."]
    return Section(
        "Benchmarks by commit",
        lines,
        tables=[Table("Means by commit and model", head, rows, 2)] if rows else [],
        notes=answer["notes"],
        sql=answer["sql"],
    )


def _commit(ask: Ask, scope: Scope) -> Section:
    given = {"metrics": [*_BY_COMMIT[1:]], "commit": scope.commit, "group_by": ["model"]}
    answer = ask("compare", **given)
    found = [
        f"{one['metric']} of {one['group']}: {one['verdict']}"
        for one in answer["comparisons"]
        if one["verdict"] in ("better", "worse")
    ]
    said = "; ".join(found) or "No measure differs beyond chance."
    words = f"Before {str(scope.commit)[:10]} and from it on. {said}"
    return Section(
        "Before and since the commit",
        [words],
        pictures=[Picture("compare", given, words)],
        notes=answer["notes"],
        sql=answer["sql"],
    )
