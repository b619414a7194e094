"""What answers cost whoever reads them, on the samples, through the tools: text and structured content alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from mcp_types import CallToolResult, TextContent

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from tests.server.conftest import converse
from tests.server.processes import environment

ROOT = Path(__file__).parents[2]
MODELS = "SELECT event_type, count() AS events FROM ui_events GROUP BY event_type ORDER BY events DESC LIMIT 4"
LIMITS: list[tuple[str, dict[str, Any], int]] = [
    ("get.quality_metrics", {"days": 30}, 2_000),
    ("get.performance_summary", {"days": 14}, 2_000),
    ("query.trend", {"metric": "llm.calls", "group_by": ["model"], "days": 60}, 4_500),
    ("get.correlation_data", {"days": 30}, 4_500),
    ("query", {"sql": MODELS}, 320),
]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store of the samples, moved to now."""
    folder = tmp_path_factory.mktemp("sampled")
    store = ClickHouseSettings(path=str(folder / "store"))
    muse = Path(sys.executable).with_name("muse")
    backfill = [str(muse), "backfill", "--days", "90", "--source", "samples", "--shift-to-now"]
    subprocess.run(backfill, cwd=ROOT, env=environment(store, folder), check=True, capture_output=True)
    return Settings(store, MuseSettings(tool_names="dotted", audit_dir=folder / "audit"))


def ask(settings: Settings, tool: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """The text of the answer, and what it holds."""
    result: CallToolResult = converse(settings, lambda client: client.call_tool(tool, arguments))
    content = result.content[0]
    assert isinstance(content, TextContent)
    assert result.structured_content is not None, content.text
    return content.text, result.structured_content


@pytest.mark.parametrize(("tool", "arguments", "most"), LIMITS, ids=[tool for tool, _, _ in LIMITS])
def test_an_answer_on_the_samples_is_short(sampled: Settings, tool: str, arguments: dict[str, Any], most: int) -> None:
    text, answer = ask(sampled, tool, **arguments)
    assert len(text.encode()) <= most
    assert orjson.loads(text) == answer
    assert orjson.dumps(answer).decode() == text


def test_the_summary_names_the_regression_and_what_it_leaves_out(sampled: Settings) -> None:
    _, answer = ask(sampled, "get.performance_summary", days=14)
    [one] = [group for group in answer["groups"] if group["regressions"]]
    assert {found["measure"] for found in one["regressions"]} >= {"latency_p95_ms", "latency_p99_ms"}
    assert answer["notes"][-1].startswith("Shown: ")


ASKED: dict[str, dict[str, Any]] = {
    "query.aggregate": {"metrics": ["llm.calls"]},
    "query.trend": {"metric": "llm.calls"},
    "query.correlation": {"x": "llm.calls", "y": "ui.events"},
    "get.trend_data": {"metric": "llm.calls"},
    "get.correlation_data": {},
    "get.performance_summary": {},
    "get.quality_metrics": {},
}


@pytest.mark.parametrize("tool", ASKED)
def test_the_sql_comes_on_request(sampled: Settings, tool: str) -> None:
    _, bare = ask(sampled, tool, **ASKED[tool])
    _, stated = ask(sampled, tool, **ASKED[tool], include_sql=True)
    assert not {"sql", "parameters"} & set(bare)
    assert "SELECT" in stated["sql"]


def test_a_trend_of_two_columns_has_a_series_for_each_pair(sampled: Settings) -> None:
    _, answer = ask(sampled, "query.trend", metric="llm.calls", group_by=["source", "model"], days=40)
    groups = [series["group"] for series in answer["series"]]
    assert {"source": "council", "model": "claude-sonnet-4"} in groups
    by_sql = "SELECT uniqExact(source, model) AS pairs FROM llm_events WHERE ts >= now() - INTERVAL 40 DAY"
    assert [[len(groups)]] == ask(sampled, "query", sql=by_sql)[1]["rows"]
    whole = ask(sampled, "query.trend", metric="llm.calls", days=40)[1]["series"][0]["points"]["rows"]
    parts = [row for series in answer["series"] for row in series["points"]["rows"]]
    assert sum(row[1] for row in parts) == sum(row[1] for row in whole)
