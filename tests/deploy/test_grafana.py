"""Grafana: each panel and alert runs on the engines as a reader may, and says what the product's own answers say."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.operations import consumers, roles
from tests.operations.conftest import fill
from tests.server.processes import environment, http

ROOT = Path(__file__).parents[2]
BOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
ALERTING = json.loads((ROOT / "deploy/grafana/alerting.json").read_text())
SOURCE = (ROOT / "deploy/grafana/datasource.yaml").read_text()
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
RULES = [rule for group in ALERTING["groups"] for rule in group["rules"]]
VARIABLES = [one for one in BOARD["templating"]["list"] if one["type"] == "query"]
HOUR_S = 3600
#: What the server makes of a reader's session (`muse roles`), and what the data source asks for itself.
AS_READER = {"readonly": 2, "allow_ddl": 0, "final": 1, "max_execution_time": 25}


def expanded(sql: str, since: datetime, until: datetime, models: list[str] | None = None) -> str:
    """The statement as the data source sends it: its macros, and the dashboard's variable."""
    times = f"toDateTime({int(since.timestamp())})", f"toDateTime({int(until.timestamp())})"
    chosen = "1=1" if models is None else None
    sql = re.sub(r"\$__conditionalAll\((.*?\)), \$model\)", lambda found: chosen or found[1], sql)
    sql = sql.replace("${model:singlequote}", ", ".join(f"'{model}'" for model in models or []))
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= {times[0]} AND \1 <= {times[1]}", sql)
    sql = re.sub(r"\$__timeInterval\((\w+)\)", rf"toStartOfInterval(toDateTime(\1), INTERVAL {HOUR_S} second)", sql)
    assert "$" not in sql, sql
    return sql


def sql_of(panel: dict[str, Any]) -> str:
    [target] = panel["targets"]
    return str(target["rawSql"])


@pytest.fixture
def filled(client: ClickHouseClient) -> ClickHouseClient:
    fill(client)
    return client


def read(client: ClickHouseClient, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with client.executor.open(sql, session=AS_READER) as running:
        rows = [row for block in running.blocks() for row in zip(*block, strict=True)]
        return [column.name for column in running.columns], rows


def window() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - timedelta(days=30), now


@pytest.mark.parametrize("models", [None, ["m"]])
def test_every_panel_shows_something_to_a_reader(filled: ClickHouseClient, models: list[str] | None) -> None:
    for panel in PANELS:
        names, rows = read(filled, expanded(sql_of(panel), *window(), models))
        assert rows, panel["title"]
        if panel["type"] == "timeseries":
            assert names[0] == "time"
            assert all(isinstance(row[0], datetime) for row in rows)
            *words, value = rows[0][1:]
            assert all(isinstance(word, str) for word in words), panel["title"]
            assert value is None or isinstance(value, int | float), panel["title"]


def test_every_panel_takes_an_empty_store(client: ClickHouseClient) -> None:
    for panel in PANELS:
        read(client, expanded(sql_of(panel), *window()))
    for rule in RULES:
        assert len(read(client, rule["data"][0]["model"]["rawSql"])[1]) == 1


def test_the_figures_are_those_of_the_product(filled: ClickHouseClient) -> None:
    metrics = {
        "Calls that failed": "llm.error_rate",
        "Cost of calls": "llm.cost_usd",
        "Latency of calls, p95": "llm.latency_p95_ms",
        "Sessions": "ui.sessions",
    }
    for panel in PANELS[:6]:
        if (metric := metrics.get(panel["title"])) is not None:
            [[shown]] = read(filled, expanded(sql_of(panel), *window()))[1]
            answer = filled.aggregate([metric], days=30, exact=True)
            assert shown == pytest.approx(float(answer.rows[0][0])), panel["title"]


def test_the_variable_lists_the_models(filled: ClickHouseClient) -> None:
    [variable] = VARIABLES
    assert read(filled, expanded(variable["query"], *window()))[1] == [("m",)]


def test_an_alert_fires_where_it_should(client: ClickHouseClient) -> None:
    now = datetime.now(UTC)
    call = {"ts": now - timedelta(minutes=5), "source": "council", "model": "m", "operation": "write"}
    client.insert_llm_events([call | {"status": "failure" if n < 6 else "success"} for n in range(24)])
    client.insert_deployments([{"ts": now - timedelta(minutes=5), "status": "error"}])
    client.insert_watcher_runs([{"ts": now - timedelta(minutes=5), "status": "lag_exceeded"}])
    fired = {}
    for rule in RULES:
        [[value]] = read(client, rule["data"][0]["model"]["rawSql"])[1]
        [condition] = rule["data"][1]["model"]["conditions"]
        assert condition["evaluator"]["type"] == "gt"
        fired[rule["uid"]] = value > condition["evaluator"]["params"][0]
    assert fired == {
        "muse-calls-fail": True,
        "muse-data-old": False,
        "muse-pipeline-invalid": True,
        "muse-deployments-fail": True,
    }


def test_a_reader_may_read_all_that_is_asked_for() -> None:
    [granted] = [one for one in roles.statements(ClickHouseSettings()) if "TO muse_reader WITH" in one]
    asked = [sql_of(panel) for panel in PANELS] + [one["query"] for one in VARIABLES]
    asked += [rule["data"][0]["model"]["rawSql"] for rule in RULES]
    tables = {table for sql in asked for table in re.findall(r"\bFROM (\w+)", sql)}
    assert len(tables) > 5
    for table in tables:
        assert f"ON `chimera_metrics`.`{table}`" in granted


def test_the_data_source_asks_for_no_more_time_than_a_reader_has() -> None:
    [profile] = [one for one in roles.statements(ClickHouseSettings()) if "PROFILE OR REPLACE muse_reader" in one]
    most = re.search(r"max_execution_time = \d+ MAX (\d+)", profile)
    asks = re.search(r'queryTimeout: "(\d+)"', SOURCE)
    assert most is not None
    assert asks is not None
    assert int(asks[1]) < int(most[1])
    assert "readonly = 2" in profile  # with 1 the data source could not say its time limit at all


def test_nothing_in_the_files_is_of_one_installation() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in PANELS:
        assert panel["datasource"]["uid"] == panel["targets"][0]["datasource"]["uid"] == "${datasource}"
        assert panel["description"]
    assert {rule["data"][0]["datasourceUid"] for rule in RULES} == {"${MUSE_DATASOURCE_UID}"}
    places = {(x, y) for panel in BOARD["panels"] for x, y in _cells(panel["gridPos"])}
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in BOARD["panels"])


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    return ((place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"]))


def test_the_rules_on_metrics_name_metrics_that_there_are(tmp_path: Path) -> None:
    rules = (ROOT / "deploy/prometheus/alerts.yaml").read_text()
    named = set(re.findall(r"\b((?:muse|process)_\w+)\b", rules))
    with http(environment(ClickHouseSettings(path=str(tmp_path / "store")), tmp_path)) as (url, _):
        text = httpx2.get(url.replace("/mcp", "/metrics")).text
    there = set(re.findall(r"^# HELP (\w+)", text, re.MULTILINE))
    there |= set(re.findall(r'"(muse_kafka_\w+)": \(', inspect.getsource(consumers)))  # shown while one consumes
    assert len(named) > 6
    assert {name.removesuffix("_bucket") for name in named} <= there
