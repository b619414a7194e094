"""`muse status --advice`: planted reads, and what is said of indexes, order keys and parts; honest without any."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations.advising import lines, plans
from tests.apps.support import Shell
from tests.operations.conftest import COMMIT, day, fill, sessions
from tests.support.wire_process import Wire

ONE_SESSION = f"SELECT count() FROM ui_events WHERE session_id = '{sessions(3)[0]}'"
ONE_COMMIT = f"SELECT count() FROM ui_events WHERE commit_sha = '{COMMIT}'"
SLOW = "SELECT count() FROM llm_events WHERE latency_ms > 250 AND ts > '2020-01-01'"
KEYED = "SELECT count() FROM llm_events WHERE source = 'nobody' AND ts > '{:%Y-%m-%d}'"


@pytest.fixture(autouse=True)
def few_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stores of tests are small."""
    monkeypatch.setattr(plans, "SMALL", 5)


def record(client: ClickHouseClient, statement: str, calls: int) -> None:
    """As `muse serve` leaves its calls in the audit log."""
    names = ("ts", "call_id", "who", "role", "client", "tool", "arguments", "statement", "query_id")
    more = ("rows", "bytes", "elapsed_ms", "outcome", "error")
    row = (datetime.now(UTC), None, "ada", "reader", "", "query", "{}", statement, "", 1, 1, 1.0, "ok", "")
    data: list[list[object]] = [[value] * calls for value in row]
    data[1] = [uuid.uuid4() for _ in range(calls)]
    client.executor.insert("audit_log", (*names, *more), data, {"async_insert": 0})


def said(client: ClickHouseClient) -> dict[str, tuple[str, str]]:
    found = lines.advice(client, client.execute_query)
    assert all(one["advice"] for one in found if one["level"] != "ok")
    return {one["name"]: (one["level"], one["figure"]) for one in found}


def test_without_reads_it_says_that_nothing_can_be_said(full: ClickHouseClient) -> None:
    found = said(full)
    assert "none on record in the last 7 days, so nothing can be said" in found["reads"][1]
    assert found["index session_id_bloom"] == ("ok", "0 calls of ui_events on record, too few to judge it by")
    assert not [name for name in found if name.startswith("order")]


def test_an_index_that_helps_and_two_that_do_not(full: ClickHouseClient) -> None:
    events = [{"ts": day(n), "session_id": uuid.uuid4(), "event_type": "x", "commit_sha": COMMIT} for n in range(20)]
    full.insert_ui_events(events)
    full.executor.command("OPTIMIZE TABLE ui_events FINAL")
    record(full, ONE_SESSION, 15)
    record(full, ONE_SESSION.replace("count()", "max(ts)"), 10)
    assert said(full)["index commit_sha_bloom"][0] == "warning"
    assert said(full)["index commit_sha_bloom"][1].startswith("25 calls of ui_events: none names what it is on")
    assert said(full)["index session_id_bloom"] == ("ok", "helped in 25 of 25 calls that name session_id")
    record(full, ONE_COMMIT, 30)
    level, figure = said(full)["index commit_sha_bloom"]
    assert (level, figure.split(";")[0]) == ("warning", "55 calls of ui_events: 30 name it, and it left nothing out")


def test_an_order_key_that_is_missed_and_one_that_is_used(full: ClickHouseClient) -> None:
    record(full, SLOW, 30)
    level, figure = said(full)["order llm_events"]
    assert (level, figure) == (
        "warning",
        "of 30 of 30 large calls (source, ts) left nothing out; 30 read every day",
    )
    record(full, KEYED.format(day(2)), 70)
    assert said(full)["order llm_events"][1].startswith("of 30 of 100 large calls")
    assert said(full)["order llm_events"][0] == "ok"


def test_what_cannot_be_explained_is_counted_and_left_out(full: ClickHouseClient) -> None:
    record(full, "SELECT count() FROM ui_events WHERE user_agent = '[secret", 30)
    record(full, "SELECT count() FROM gone_table", 30)
    found = said(full)
    assert found["reads"][1].startswith("0 calls of 2 kinds")
    assert "2 kinds could not be explained" in found["reads"][1]
    assert found["index session_id_bloom"][0] == "ok"


def test_many_small_batches_are_named(full: ClickHouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BATCHES", 1)
    for n in range(12):
        full.insert_ui_events([{"ts": day(19), "session_id": uuid.uuid4(), "event_type": f"e{n}"}])
    level, figure = said(full)["parts ui_events"]
    assert level == "warning"
    assert "2 batches a day of 10 rows each" in figure
    assert said(full)["parts llm_events"][0] == "ok"


@pytest.fixture(scope="module")
def logging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseSettings]:
    """A server that keeps a log of its queries."""
    config = tmp_path_factory.mktemp("config") / "config.xml"
    config.write_text(
        "<clickhouse><query_log><database>system</database><table>query_log</table>"
        "<flush_interval_milliseconds>100</flush_interval_milliseconds></query_log></clickhouse>"
    )
    with Wire() as wire:
        address = wire.start(path=tmp_path_factory.mktemp("logging"), config_file=config)
        settings = ClickHouseSettings(host=address.host, port=address.port, secure=False)
        runner.upgrade(settings)
        with ClickHouseClient(settings) as client:
            fill(client)
        yield settings


def test_a_server_s_own_log_is_read(logging: ClickHouseSettings) -> None:
    with ClickHouseClient(logging) as client:
        for _ in range(25):
            client.execute_query(ONE_SESSION)
        client.executor.command("SYSTEM FLUSH LOGS")
        found = said(client)
    assert "from system.query_log" in found["reads"][1]
    assert found["index session_id_bloom"][0] == "ok"
    assert found["index session_id_bloom"][1].startswith("helped in 2")


def test_a_server_without_a_log_says_so(native: ClickHouseSettings) -> None:
    with ClickHouseClient(native) as client:
        client.executor.command("TRUNCATE TABLE audit_log")
        found = {one["name"]: one for one in lines.advice(client, client.execute_query)}
    assert "query_log" in found["reads"]["figure"]
    assert "system.query_log" in found["reads"]["advice"]


def test_the_command_shows_it_beside_the_checks(path: Path) -> None:
    shell = Shell(CH_PATH=str(path))
    assert "advice" not in shell.json("muse", "status")
    assert shell.json("muse", "status", "--advice")["advice"][0]["name"] == "reads"
    assert "reads " in shell.run("muse", "status", "--advice").stdout
