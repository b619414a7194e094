"""vLLM: the file of `vllm bench serve --save-result`, also with `--append-result`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chimera_metrics.integrations.bench_files.runs import Beside, OtherFormat, Reading, commit, mapping, number, wanted

_LATENCIES = {"latency_p50_ms": ("median_e2el_ms", "p50_e2el_ms"), "latency_p95_ms": ("p95_e2el_ms",)}
_LATENCIES["latency_p99_ms"] = ("p99_e2el_ms",)
_OTHERS = (
    "request_throughput",
    "total_token_throughput",
    "mean_ttft_ms",
    "mean_tpot_ms",
    "mean_itl_ms",
    "request_rate",
)


def read(document: Any, beside: Beside) -> Reading:
    """A run a result. `--metadata commit=… quant=… dataset=…` names what the file lacks otherwise."""
    found = Reading()
    for result in map(mapping, document if isinstance(document, list) else [document]):
        wanted("model_id" in result and "output_throughput" in result, "model_id and output_throughput")
        measured = {
            column: next((value for name in names if (value := number(result.get(name))) is not None), None)
            for column, names in _LATENCIES.items()
        }
        found.add(
            f"{result['model_id']} {result.get('date')}",
            ts=_ended(result.get("date")),
            commit_sha=commit(result.get("commit"), result.get("commit_sha")),
            model=result["model_id"],
            quant=result.get("quant") or result.get("quantization"),
            dataset=result.get("dataset") or result.get("dataset_name"),
            tokens_per_sec=number(result["output_throughput"]),
            **measured,
        )
        found.leave_out(*(name for name in _OTHERS if name in result))
        if measured["latency_p50_ms"] is None:
            found.notes.append("No latency of whole requests: run with --percentile-metrics ttft,tpot,itl,e2el.")
    wanted(found.rows, "result")
    return found


def _ended(value: Any) -> datetime:
    """`20260101-120000`, the local time of the machine; it is taken for this one's."""
    try:
        return datetime.strptime(value, "%Y%m%d-%H%M%S").astimezone()
    except (TypeError, ValueError):
        raise OtherFormat("it names no date") from None
