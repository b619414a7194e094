"""What a wrong name is taken for: by its words before its letters, and in its own table first."""

from __future__ import annotations

from pathlib import Path

import pytest

from chimera_metrics.analytics import AGGREGATES, METRICS
from chimera_metrics.integrations.config import variables
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.suggestions import did_you_mean, nearest, unknown
from tests.test_layers import modules

ROOT = Path(__file__).parents[1]
METRIC = [
    ("llm.p95_latency", "llm.latency_p95_ms"),
    ("llm.latencyp95", "llm.latency_p95_ms"),
    ("llm.latencyP95Ms", "llm.latency_p95_ms"),
    ("LLM.median latency", "llm.latency_p50_ms"),
    ("llm.success_rate", "llm.error_rate"),
    ("deploy.failure_rate", "deploy.success_rate"),
    ("llm.cals", "llm.calls"),
    ("lm.calls", "llm.calls"),
    ("llm_events.error_rate", "llm.error_rate"),
    ("llm.lag_mean_seconds", "pipeline.lag_mean_seconds"),
    ("sessions.avg_duration", "sessions.duration_mean_s"),
    ("llm.zzz", None),
    ("", None),
]


@pytest.mark.parametrize(("name", "meant"), METRIC)
def test_a_metric_is_found_by_its_words_in_its_own_table_first(name: str, meant: str | None) -> None:
    assert nearest(name, METRICS) == meant


@pytest.mark.parametrize(
    ("name", "meant"), [("median", "p50"), ("mean", "avg"), ("std", "stddev"), ("nunique", "uniq"), ("cnt", "count")]
)
def test_an_aggregate_is_found_by_its_other_names(name: str, meant: str) -> None:
    assert nearest(name, AGGREGATES) == meant


def test_the_order_of_the_names_does_not_matter() -> None:
    assert {nearest("llm.success_rate", order) for order in (list(METRICS), list(METRICS)[::-1])} == {"llm.error_rate"}


@pytest.mark.parametrize(
    ("name", "meant"), [("CH_HSOT", "CH_HOST"), ("MUSE_ROWS_MAX", "MUSE_MAX_ROWS"), ("CH_FOO_HOST", None)]
)
def test_a_caller_can_ask_for_more_likeness(name: str, meant: str | None) -> None:
    """A setting of another program's is refused where it is near, so near must mean misspelt."""
    assert nearest(name, variables(), letters=0.8, words=1) == meant


def test_a_hint_is_shown_as_the_sentence_needs_it() -> None:
    assert did_you_mean("quantil", ["quantile", "sum"], "{}()") == " Did you mean quantile()?"
    assert did_you_mean("zzz", ["quantile", "sum"]) == ""


def test_a_long_list_is_cut_and_left_out_where_there_is_a_hint() -> None:
    names = [f"name{number}" for number in range(40)]
    assert unknown("name", "zzz", names) == f"Unknown name 'zzz'. There are: {', '.join(names[:12])} and 28 more."
    assert unknown("name", "nam7", names) == "Unknown name 'nam7'. Did you mean 'name7'?"
    assert unknown("table", "ui_event", FACT_TABLES, "Take").startswith(
        "Unknown table 'ui_event'. Did you mean 'ui_events'? Take: bench_runs, llm_events, "
    )


def test_no_other_file_guesses_names() -> None:
    files = [*modules().values(), *(ROOT / "chimera_metrics").glob("*.py")]
    assert [file.name for file in files if "difflib" in file.read_text()] == ["suggestions.py"]
