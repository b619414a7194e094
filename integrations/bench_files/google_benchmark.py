"""google-benchmark: `--benchmark_format=json` or `--benchmark_out`."""

from __future__ import annotations

from typing import Any

from chimera_metrics.integrations.bench_files.runs import (
    MEASURES,
    Beside,
    Reading,
    commit,
    mapping,
    moment,
    number,
    spread,
    wanted,
)

_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
_COMMITS = ("commit_sha", "commit", "git_commit", "git_sha")


def read(document: Any, beside: Beside) -> Reading:
    """A run for each benchmark with its arguments, of its repetitions. Counters of a column's name go there."""
    given, found = mapping(document), Reading()
    wanted("context" in given and isinstance(given.get("benchmarks"), list), "context and benchmarks")
    context, groups = mapping(given["context"]), dict[str, list[dict[str, Any]]]()
    for one in map(mapping, given["benchmarks"]):
        name = str(one.get("run_name") or one.get("name"))
        if one.get("error_occurred"):
            found.leave_out(f"{name} (failed: {one.get('error_message')})")
        elif one.get("run_type", "iteration") == "iteration":
            groups.setdefault(name, []).append(one)
    for name, repetitions in groups.items():
        first = repetitions[0]
        wanted(first.get("time_unit", "ns") in _MS, "time_unit that is known")
        found.add(
            name,
            ts=moment(context.get("date")),
            commit_sha=commit(*(context.get(key) for key in _COMMITS)),
            model=context.get("model") or beside.project,
            quant=context.get("quant"),
            dataset=name,
            **spread([one.get("real_time") for one in repetitions], _MS[first.get("time_unit", "ns")]),
            **{measure: _mean([one.get(measure) for one in repetitions]) for measure in MEASURES},
        )
    found.leave_out("cpu_time", "iterations", "items_per_second", "bytes_per_second", "aggregates", "caches of the CPU")
    return found


def _mean(values: list[Any]) -> float | None:
    known = [value for value in map(number, values) if value is not None]
    return sum(known) / len(known) if known else None
