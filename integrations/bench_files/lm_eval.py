"""lm-eval (the evaluation harness): a file `results_….json`."""

from __future__ import annotations

from typing import Any

from chimera_metrics.integrations.bench_files.runs import Beside, Reading, commit, mapping, moment, wanted

_QUANT = ("quantization", "quant", "dtype")


def read(document: Any, beside: Beside) -> Reading:
    """A run a task. The harness measures quality, for which there is no column, and no latency at all."""
    given, found = mapping(document), Reading()
    wanted(isinstance(given.get("results"), dict) and "config" in given, "results and config")
    arguments = _arguments(mapping(given["config"]).get("model_args"))
    for task, scores in given["results"].items():
        found.add(
            task,
            ts=moment(given.get("date")),
            commit_sha=commit(given.get("git_hash")),
            model=given.get("model_name") or arguments.get("pretrained") or given.get("model_source"),
            quant=next((arguments[name] for name in _QUANT if arguments.get(name)), None),
            dataset=task,
        )
        found.leave_out(*(f"{task}.{name}" for name in mapping(scores) if "," in name))
    found.leave_out("total_evaluation_time_seconds")
    return found


def _arguments(given: Any) -> dict[str, Any]:
    """The model's arguments, a mapping or a text such as `pretrained=x,dtype=float16`."""
    if isinstance(given, str):
        return dict(pair.split("=", 1) for pair in given.split(",") if "=" in pair)
    return mapping(given)
