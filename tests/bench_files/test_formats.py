"""Files that the tools made themselves (llama-bench's and vLLM's: as their documents show them), value by value.

Those of pytest-benchmark keep ten of their rounds. Expected figures are copied from the files by hand.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.bench_files.reading import READERS, BenchFile, read_file
from chimera_metrics.integrations.errors import InvalidInput

FILES = Path(__file__).parent / "files"
PATHS = {
    "pytest-benchmark": FILES / "pytest-benchmark.json",
    "asv": FILES / "asv" / "results" / "vm" / "5a88489b-existing-py.json",
    "google-benchmark": FILES / "google-benchmark.json",
    "lm-eval": FILES / "lm-eval.json",
    "llama-bench": FILES / "llama-bench.json",
    "vllm": FILES / "vllm.json",
}
COMMIT = "5a88489be813db0395b1676b996fd895aa2382e7"
CI = {"GITHUB_SHA": "f" * 40}


def read(format: str, **more: Any) -> BenchFile:
    return read_file(format, more.pop("path", PATHS[format]), variables=more.pop("variables", CI), **more)


def words(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["model"], row["quant"], row["dataset"]


def test_every_format_has_a_file() -> None:
    assert PATHS.keys() == READERS.keys()


def test_pytest_benchmark() -> None:
    found = read("pytest-benchmark")
    first, second = found.rows
    assert words(first) == ("bw", "-", "test_sort")
    assert words(second) == ("llama-3.1-8b", "q4_k_m", "banter-chat")
    assert first["commit_sha"] == COMMIT
    assert first["latency_p50_ms"] == pytest.approx(0.00831299985)
    # Of ten values the 95th and 99th percentile are the largest.
    assert first["latency_p95_ms"] == first["latency_p99_ms"] == pytest.approx(0.009815000339)
    assert second["latency_p95_ms"] == pytest.approx(0.0496135999)
    assert found.commits == "the file"
    assert "ops" in found.left_out


def test_pytest_benchmark_without_its_rounds_has_no_tail(tmp_path: Path) -> None:
    document = json.loads(PATHS["pytest-benchmark"].read_text())
    document["commit_info"]["dirty"] = True
    for test in document["benchmarks"]:
        del test["stats"]["data"]
        test["name"] = "same"
    (tmp_path / "saved.json").write_text(json.dumps(document))
    found = read("pytest-benchmark", path=tmp_path / "saved.json")
    assert [set(row) & {"latency_p95_ms", "latency_p99_ms"} for row in found.rows] == [set(), set()]
    assert found.rows[0]["dataset"] == "test_speed.py::same" or found.rows[0]["dataset"].endswith("test_sort")
    assert "its commit is not all" in found.notes[0]


def test_asv() -> None:
    found = read("asv")
    rows = {(*words(row), key): row[key] for row in found.rows for key in row if key.endswith(("_ms", "_mb", "_sec"))}
    assert rows == {
        **{("demo", quant, f"bench.Suite.peakmem_list({n})", "memory_peak_mb"): mb for quant, n, mb in (
            ("q4", 10, 24.65792), ("q8", 10, 24.670208), ("q4", 100, 24.702976), ("q8", 100, 24.702976),
        )},
        **{("demo", quant, f"bench.Suite.time_sort({n})", "latency_p50_ms"): pytest.approx(ms) for quant, n, ms in (
            ("q4", 10, 0.0039659998947), ("q8", 10, 0.00336500033),
            ("q4", 100, 0.15146500027), ("q8", 100, 0.00476700006),
        )},
        **{("demo", quant, f"bench.Suite.track_tokens_per_sec({n})", "tokens_per_sec"): value for quant, n, value in (
            ("q4", 10, 425.0), ("q8", 10, 425.0), ("q4", 100, 4250.0), ("q8", 100, 4250.0),
        )},
    }  # fmt: skip
    assert {row["commit_sha"] for row in found.rows} == {COMMIT}
    assert "bench.Suite.mem_list (memory, bytes)" in found.left_out
    # Started at 1795655312.565, it took 0.59953 s; the file's own date is the commit's.
    assert min(row["ts"] for row in found.rows) > datetime(2026, 11, 26, 1, 8, 29, tzinfo=UTC)


def test_asv_without_the_file_beside_it_knows_neither_units_nor_names(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(PATHS["asv"].read_bytes())
    found = read("asv", path=tmp_path / "one.json")
    assert {row["quant"] for row in found.rows} == {"-"}
    assert "bench.Suite.track_tokens_per_sec (track, no unit)" in found.left_out
    assert len(found.rows) == 8


def test_google_benchmark() -> None:
    [row] = read("google-benchmark").rows
    assert words(row)[1:] == ("-", "sort/1000")
    assert row["latency_p50_ms"] == pytest.approx(0.015150173676)  # of three repetitions, in ns
    assert row["latency_p95_ms"] == row["latency_p99_ms"] == pytest.approx(0.01548226466)
    assert row["tokens_per_sec"] == 123.5
    assert row["commit_sha"] == "f" * 40
    assert row["ts"] == datetime(2026, 11, 26, 1, 8, 34, tzinfo=UTC)


def test_lm_eval() -> None:
    found = read("lm-eval")
    [row] = found.rows
    assert words(row) == ("qdpv68r5", "-", "toy")
    assert not {key for key in row if key.startswith("latency")}
    assert {"toy.acc,none", "toy.acc_stderr,none"} <= set(found.left_out)


def test_llama_bench() -> None:
    prompt, generated = read("llama-bench").rows
    assert words(prompt) == ("llama 7B", "Q4_0", "pp512")
    assert words(generated) == ("llama 7B", "Q4_0", "tg128")
    assert (prompt.get("tokens_per_sec"), generated["tokens_per_sec"]) == (None, 130.965708)
    assert generated["latency_p50_ms"] == pytest.approx(974.901233)
    assert generated["latency_p95_ms"] == pytest.approx(989.474741)
    # llama.cpp's own build is not ours.
    assert prompt["commit_sha"] == "f" * 40


@pytest.mark.parametrize(
    ("type_", "model", "quant"),
    [
        ("qwen2 7B Q4_K - Medium", "qwen2 7B", "Q4_K - Medium"),
        ("llama 8B BF16", "llama 8B", "BF16"),
        ("llama 70B IQ2_XS - 2.3125 bpw", "llama 70B", "IQ2_XS - 2.3125 bpw"),
        ("llama 7B all F32", "llama 7B", "F32"),
        ("something else", "something else", "-"),
    ],
)
def test_the_quant_of_llama_bench_stands_in_the_type(tmp_path: Path, type_: str, model: str, quant: str) -> None:
    tests = json.loads(PATHS["llama-bench"].read_text())
    lines = [json.dumps(test | {"model_type": type_, "n_depth": 4096}) for test in tests]
    (tmp_path / "lines.jsonl").write_text("\n".join(lines))
    rows = read("llama-bench", path=tmp_path / "lines.jsonl").rows
    assert [words(row) for row in rows] == [(model, quant, "pp512@d4096"), (model, quant, "tg128@d4096")]


def test_vllm() -> None:
    [row] = read("vllm").rows
    assert words(row) == ("meta-llama/Llama-3.1-8B-Instruct", "fp8", "sharegpt")
    measures = {key: row[key] for key in row if key.startswith(("latency", "tokens"))}
    assert measures == {
        "latency_p50_ms": 6702.5,
        "latency_p95_ms": 11020.75,
        "latency_p99_ms": 12077.25,
        "tokens_per_sec": 3506.53,
    }
    assert row["commit_sha"] == "0123456789abcdef0123456789abcdef01234567"


def test_vllm_with_its_defaults_measures_no_whole_requests() -> None:
    found = read("vllm", path=FILES / "vllm-defaults.json")
    [row] = found.rows
    assert words(row)[1:] == ("-", "-")
    assert not {key for key in row if key.startswith("latency")}
    assert "e2el" in found.notes[0]


@pytest.mark.parametrize("format", READERS)
def test_a_file_of_another_format_is_refused_by_name(format: str) -> None:
    for other, path in PATHS.items():
        if other != format:
            with pytest.raises(InvalidInput, match=f"{path.name} is not a file of {format}: it has no "):
                read(format, path=path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "3", '"x"', "[" * 100_000, "\ud800".encode("utf-8", "surrogatepass")]
)
@pytest.mark.parametrize("format", READERS)
def test_a_file_of_something_else_is_refused(tmp_path: Path, format: str, content: str | bytes) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidInput, match=r"file\.json"):
        read(format, path=file)


def test_ids_are_of_the_file_and_a_commit_that_is_given_goes_first() -> None:
    first, again, other = read("lm-eval"), read("lm-eval", variables={}), read("lm-eval", given="A" * 40)
    assert first.digest == again.digest != other.digest
    assert [row["run_id"] for row in first.rows] == [row["run_id"] for row in other.rows]
    assert other.rows[0]["commit_sha"] == "a" * 40
    with pytest.raises(InvalidInput, match="40 hexadecimal"):
        read("lm-eval", given="abc")
