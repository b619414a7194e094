"""asv: a file of results, `<results>/<machine>/<commit>-<environment>.json`, of its version 2."""

from __future__ import annotations

import itertools
from typing import Any

from chimera_metrics.integrations.bench_files.runs import (
    Beside,
    Reading,
    commit,
    mapping,
    moment,
    number,
    spread,
    wanted,
)

_KINDS = {"time_": "time", "timeraw_": "time", "peakmem_": "peakmemory", "mem_": "memory", "track_": "track"}
_TOKENS = frozenset({"tokens/s", "tokens/second", "tokens per second", "tok/s", "t/s"})
_BYTES_A_MB = 1_000_000


def read(document: Any, beside: Beside) -> Reading:
    """A run for each benchmark and each of its combinations of parameters.

    Units and names of parameters stand in `benchmarks.json`, the project in `asv.conf.json`.
    """
    given, found = mapping(document), Reading()
    wanted(isinstance(given.get("results"), dict) and "result_columns" in given, "results and result_columns")
    known = mapping(beside.companion("benchmarks.json"))
    project = mapping(beside.companion("asv.conf.json")).get("project") or beside.project
    for name, values in given["results"].items():
        columns = dict(zip(given["result_columns"], values if isinstance(values, list) else [], strict=False))
        about = mapping(known.get(name))
        kind = about.get("type") or _kind(name)
        params = columns.get("params") or []
        for place, combination in enumerate(itertools.product(*params)):
            labels = dict(zip(about.get("param_names") or map(str, range(len(params))), combination, strict=False))
            measured = _measured(kind, about, columns, place)
            if measured is None:
                found.leave_out(f"{name} ({kind}, {about.get('unit') or 'no unit'})")
                break
            if not measured:
                found.leave_out(f"{name} (no result)")
                continue
            own = {key: str(labels.pop(key)).strip("'\"") for key in ("model", "quant") if key in labels}
            others = ", ".join(map(str, labels.values()))
            found.add(
                f"{name}({', '.join(map(str, combination))})",
                ts=_ended(columns, given),
                commit_sha=commit(given.get("commit_hash")),
                model=own.get("model", project),
                quant=own.get("quant"),
                dataset=f"{name}({others})" if others else name,
                **measured,
            )
    found.leave_out("params of the machine (cpu, ram, os)", "stats_ci_99", "stats_q_25", "stats_q_75")
    return found


def _measured(kind: str, about: dict[str, Any], columns: dict[str, Any], place: int) -> dict[str, Any] | None:
    """The measures; none of them where this combination failed, None where the benchmark's kind has no column."""
    value = number(_at(columns.get("result"), place))
    if kind == "time":
        return {} if value is None else spread(_at(columns.get("samples"), place) or (), 1000, value)
    if kind == "peakmemory":
        return {} if value is None else {"memory_peak_mb": value / _BYTES_A_MB}
    if kind == "track" and str(about.get("unit")).lower() in _TOKENS:
        return {} if value is None else {"tokens_per_sec": value}
    return None


def _at(values: Any, place: int) -> Any:
    return values[place] if isinstance(values, list) and place < len(values) else None


def _kind(name: str) -> str:
    last = name.rpartition(".")[2]
    return next((kind for prefix, kind in _KINDS.items() if last.startswith(prefix)), "other")


def _ended(columns: dict[str, Any], given: dict[str, Any]) -> Any:
    """When the benchmark ended; `date` is the commit's, for files that do not say when they were measured."""
    started = number(columns.get("started_at"))
    if started is None:
        return moment(number(given.get("date")) and given["date"] / 1000)
    return moment(started / 1000 + (number(columns.get("duration")) or 0))
