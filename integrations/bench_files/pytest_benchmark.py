"""pytest-benchmark: `--benchmark-json`, or a file of `--benchmark-save`."""

from __future__ import annotations

from collections import Counter
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


def read(document: Any, beside: Beside) -> Reading:
    """A run a test. What `extra_info` says under a column's name goes there."""
    given, found = mapping(document), Reading()
    wanted("commit_info" in given and isinstance(given.get("benchmarks"), list), "commit_info and benchmarks")
    about, ended = mapping(given["commit_info"]), moment(given.get("datetime"))
    tests = list(map(mapping, given["benchmarks"]))
    named = Counter(str(test.get("name")) for test in tests)
    for test in tests:
        extra, params, stats = (mapping(test.get(name)) for name in ("extra_info", "params", "stats"))
        name, full = str(test.get("name")), str(test.get("fullname"))
        found.add(
            full,
            ts=ended,
            commit_sha=commit(about.get("id")),
            model=extra.get("model") or params.get("model") or about.get("project") or beside.project,
            quant=extra.get("quant") or params.get("quant"),
            # The file too, where tests of two files have one name.
            dataset=extra.get("dataset") or (name if named[name] == 1 else full),
            **spread(stats.get("data") or (), 1000, number(stats.get("median"))),
            **{measure: number(extra.get(measure)) for measure in MEASURES},
        )
        found.leave_out(*(f"extra_info.{key}" for key in extra if key not in {*MEASURES, "model", "quant", "dataset"}))
    found.leave_out("min", "max", "mean", "stddev", "ops", "rounds", "machine_info")
    if about.get("dirty"):
        found.notes.append("The tree was changed when this was measured, so its commit is not all that was.")
    return found
