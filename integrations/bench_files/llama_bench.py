"""llama-bench of llama.cpp: `-o json` or `-o jsonl`."""

from __future__ import annotations

import re
from typing import Any

from chimera_metrics.integrations.bench_files.runs import Beside, Reading, mapping, moment, number, spread, wanted

# "llama 7B mostly Q4_0", "qwen2 7B Q4_K - Medium", "llama 8B BF16", "llama 70B IQ2_XS - 2.3125 bpw".
_TYPE = re.compile(
    r"^(?P<model>.*?)\s+(?:mostly |all )?(?P<quant>(?:I?Q\d|TQ\d|BF16|F16|F32|MXFP4)\S*(?: - \S+(?: bpw)?)?)$"
)


def read(document: Any, beside: Beside) -> Reading:
    """A run a test: `pp512` reads a prompt, `tg128` generates, `pp512+tg128` does both; `@d4096` is the depth."""
    found = Reading()
    tests = document if isinstance(document, list) else [document]
    for test in map(mapping, tests):
        wanted("samples_ns" in test and "n_gen" in test and "n_prompt" in test, "samples_ns, n_prompt and n_gen")
        named = str(test.get("model_type") or test.get("model_filename") or "")
        parts = _TYPE.match(named)
        name = _name(test)
        found.add(
            f"{test.get('model_filename')} {name}",
            ts=moment(test.get("test_time")),
            model=parts["model"] if parts else named,
            quant=parts["quant"] if parts else None,
            dataset=name,
            **spread(test["samples_ns"] if isinstance(test["samples_ns"], list) else (), 1e-6),
            # With a prompt in the test its tokens are counted too, which are not generated.
            tokens_per_sec=number(test.get("avg_ts")) if test["n_gen"] and not test["n_prompt"] else None,
        )
    wanted(found.rows, "test")
    found.leave_out("build_commit (llama.cpp's own)", "model_size", "n_threads, n_gpu_layers, n_batch", "stddev_ts")
    if any(mapping(test).get("n_prompt") for test in tests):
        found.leave_out("avg_ts of tests with a prompt")
    return found


def _name(test: dict[str, Any]) -> str:
    parts = [f"{short}{test[key]}" for short, key in (("pp", "n_prompt"), ("tg", "n_gen")) if test[key]]
    return "+".join(parts) + (f"@d{test['n_depth']}" if test.get("n_depth") else "")
