"""`get.performance_summary`: each model, quant and dataset against the previous window, and what got worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from chimera_metrics import analytics
from chimera_metrics.analytics import METRICS, PerformanceArguments, Question
from chimera_metrics.analytics.questions.performance import GROUP, MEASURES, history
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import Shaper, iso, marks
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.figures import amount, figure, reason_of
from chimera_metrics.integrations.questions.known_values import note_unknown_filters
from chimera_metrics.integrations.questions.summary_comparisons import comparisons
from chimera_metrics.integrations.results import PerformanceResult
from chimera_metrics.integrations.results.picture import Form, drawn_by

if TYPE_CHECKING:
    from chimera_metrics.analytics import inference

Key = tuple[Any, ...]
HIGHER_IS_WORSE = {measure: METRICS[f"bench.{measure}"].better == "lower" for measure in MEASURES}


def performance_summary(
    client: Access, given: PerformanceArguments, cancellation: Cancellation | None = None
) -> PerformanceResult:
    """Groups with means, changes and regressions; the regressed first, then those with the most runs."""
    asking, model, dataset = Asking(client, cancellation), given.model, given.dataset
    window = asking.window(given.days, hours=given.hours)
    sizes = asking.sizes(window, ["ui.latency_p95_ms", "llm.latency_p95_ms"])
    every = history(window)
    few_runs = bool(asking.sizes_of(every, ["bench_runs"]).few("bench_runs", every))
    asked = analytics.performance_summary(
        window=window, model=model, dataset=dataset, whole_history=few_runs, sizes=sizes
    )
    means = asking.read(asked.groups).mappings()
    runs = _by_group(asking.read(asked.runs).mappings())
    ran = {key: own for key, own in runs.items() if not own[-1]["before"]}
    found, reasons = _regressions(ran, asked.previous_window.since)
    groups = [_group(row, found.get(_key(row), []), reasons.get(_key(row))) for row in means]
    groups.sort(key=lambda one: (not one["regressions"], -one["runs"], *(one[name] for name in GROUP)))
    llm = _answered(asking, asked.llm, "sources and models")
    ui = _answered(asking, asked.ui, "event types")
    asking.note_approximations([asked.llm, asked.ui])
    compared = comparisons(asking, asked.window, _compared(model))
    if found:
        _note_few(asking, groups)
    asking.notes += _too_new(ran, found, window.since)
    asking.notes += marks({"comparisons": [str(one["group"]) for one in compared]})
    tables = {"groups": [{name: row[name] for name in GROUP} for row in means], "llm": llm, "ui": ui}
    asking.notes += marks({name: [text for row in rows for text in row.values()] for name, rows in tables.items()})
    if not means:
        _note_none_ran(asking, model, dataset)

    def build(most: int) -> dict[str, Any]:
        cut = [f"{most} of {len(groups)} groups are shown; name a model or dataset."] if most < len(groups) else []
        return {
            "groups": groups[:most],
            "llm": llm,
            "ui": ui,
            "comparisons": compared,
            "notes": [*asking.notes, *cut],
            "source": f"bench_runs, {asked.llm.source}, {asked.ui.source}",
            "sql": asking.sql,
            "window": asked.window.as_dict(),
            "previous_window": asked.previous_window.as_dict(),
        }

    result = asking.fit(PerformanceResult, build, points=max(1, len(groups)))

    def draw(form: Form) -> bytes:
        from chimera_metrics.integrations.charts import performance_chart

        return performance_chart(build(len(groups)), form)

    drawn_by(result, draw, given.chart)
    return result


def _compared(model: str | None) -> list[dict[str, Any]]:
    """What of calls and the interface is compared with the weeks before; a model narrows the calls."""
    filters = [] if model is None else [{"column": "model", "value": model}]
    calls = ["llm.error_rate", "llm.latency_p95_ms", "llm.cost_usd"]
    return [
        {"metrics": calls, "group_by": ["source", "model"], "filters": filters},
        {"metrics": ["ui.latency_p95_ms"], "group_by": ["event_type"]},
    ]


def _regressions(
    runs: Mapping[Key, Sequence[Row]], earliest: datetime
) -> tuple[dict[Key, list[dict[str, Any]]], dict[Key, Any]]:
    """What got worse by group; and why a group could not be judged at all. All groups and measures are one family.

    The runs since a step in this window or the one before are compared with all comparable runs before it.
    """
    from chimera_metrics.analytics.inference import History, compare_histories, regressions

    times = {key: [row["ts"].timestamp() for row in own] for key, own in runs.items()}
    histories = [
        History(
            (key, measure),
            [row[measure] for row in own],
            times[key],
            HIGHER_IS_WORSE[measure],
        )
        for key, own in runs.items()
        for measure in MEASURES
    ]
    compared = compare_histories(histories, earliest=earliest.timestamp())
    found: dict[Key, list[dict[str, Any]]] = {}
    for worse in regressions(compared):
        key, measure = cast(tuple[Key, str], worse.key)
        found.setdefault(key, []).append(_regression(worse.comparison, worse.p_adjusted, measure, runs[key]))
    # A group is not judged when none of its measures is; the tail of the latency says why.
    silent = {key for key in runs if all(compared[key, measure].p_value is None for measure in MEASURES)}
    return found, {key: reason_of(compared[key, "latency_p95_ms"].reason) for key in silent}


def _note_few(asking: Asking, groups: Sequence[Mapping[str, Any]]) -> None:
    from chimera_metrics.analytics.inference.regressions import ENOUGH_A_SIDE

    every = [found for one in groups for found in one["regressions"]]
    if any(min(found["n_before"], found["n_after"]) < ENOUGH_A_SIDE for found in every):
        asking.notes.append(f"With fewer than {ENOUGH_A_SIDE} runs a side, runs are assumed to be independent.")


def _too_new(runs: Mapping[Key, Sequence[Row]], found: Mapping[Key, Any], since: datetime) -> list[str]:
    """What looks worse since so few runs that no test can tell: how many more it takes."""
    from chimera_metrics.analytics.inference.rank_test import smallest_share
    from chimera_metrics.analytics.inference.regressions import LEVEL, more_runs_needed, newest_apart

    notes = []
    tried = sum(any(row[measure] is not None for row in own) for own in runs.values() for measure in MEASURES)
    for key, own in runs.items():
        if key in found:
            continue
        apart: dict[tuple[int, int], list[str]] = {}
        for measure in MEASURES:
            newest, before = newest_apart([row[measure] for row in own], higher_is_worse=HIGHER_IS_WORSE[measure])
            if newest and own[-newest]["ts"] >= since and tried * smallest_share(before, newest) < LEVEL:
                apart.setdefault((newest, before), []).append(measure)
        for (newest, before), measures in apart.items():
            more = more_runs_needed(before, newest, tried=tried)
            notes.append(
                f"The {newest} newest runs of {' '.join(map(str, key))} are worse in {', '.join(measures)} than all "
                f"{before} before: {more} more run{'' if more == 1 else 's'} will show whether that is a regression."
            )
    return notes


def _regression(found: inference.Comparison, p: float, measure: str, runs: Sequence[Row]) -> dict[str, Any]:
    """One regression: the levels before and since, the shift that was tested, and the first run of the new level."""
    from chimera_metrics.analytics import inference

    comparable = runs[found.from_index or 0 :]
    first = inference.first_bad_commit(
        [row[measure] for row in comparable],
        [row["commit_sha"] for row in comparable],
        higher_is_worse=HIGHER_IS_WORSE[measure],
    )
    return {
        "measure": measure,
        "before": figure(found.before),
        "after": figure(found.after),
        "change_pct": figure(found.shift_pct, 4),
        "shift": figure(found.shift),
        "shift_low": figure(found.shift_low),
        "shift_high": figure(found.shift_high),
        "n_before": found.n_before,
        "n_after": found.n_after,
        "p_adjusted": figure(p),
        "since": None if first.index is None else iso(comparable[first.index]["ts"]),
        "commit_sha": first.commit,
    }


def _group(row: Row, found: Sequence[Mapping[str, Any]], reason: Any) -> dict[str, Any]:
    none = {"code": "no_data", "text": "This group has no runs in the window."}
    return {
        **{name: row[name] for name in GROUP},
        "runs": row["runs"],
        "runs_before": row["runs_before"],
        **{measure: figure(row[measure]) for measure in MEASURES},
        "change_pct": {measure: _change(row[f"{measure}_before"], row[measure]) for measure in MEASURES},
        "regressions": list(found),
        "reason": reason if row["runs"] else none,
    }


def _change(before: Any, after: Any) -> float | None:
    """Change in %, None without both or from 0."""
    if before is None or after is None or not before:
        return None
    changed: float | None = figure(100.0 * (float(after) - float(before)) / abs(float(before)), 4)
    return changed


def _answered(asking: Asking, question: Question, what: str) -> list[dict[str, Any]]:
    """A small table as a list of objects, numbers as numbers, sums of money unrounded."""
    shaper = Shaper()
    rows = asking.read(question.select).mappings()
    asking.note_groups(question, len(rows), what)
    return [{name: shaper.value(amount(value)) for name, value in row.items()} for row in rows]


def _by_group(runs: Sequence[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in runs:
        found.setdefault(_key(row), []).append(row)
    return found


def _key(row: Row) -> Key:
    return tuple(row[name] for name in GROUP)


def _note_none_ran(asking: Asking, model: str | None, dataset: str | None) -> None:
    """Says which models or datasets there are, where none has this name; else that it did not run lately."""
    named = {name: word for name, word in (("model", model), ("dataset", dataset)) if word is not None}
    if note_unknown_filters(asking, "bench_runs", [{"column": name, "value": word} for name, word in named.items()]):
        return
    of = " and ".join(f"{name} {word!r}" for name, word in named.items())
    asking.notes.append(
        f"No benchmark ran{f' of {of}' if of else ''} in either window; `describe` bench_runs names those known."
    )
