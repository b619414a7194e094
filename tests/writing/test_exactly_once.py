"""The same batch again is known: from another client, at once, after the engine forgot, under any key."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput, StatementFailed
from chimera_metrics.integrations.writing import writer as writing
from chimera_metrics.integrations.writing.ledger import Identity, Ledger, content_hash
from tests.writing.rows import adds_up, counts, make_rows

ROOT = Path(__file__).parents[2]
SMALL_WINDOW = 3


class Died(BaseException):
    """The process ends here, as far as the writer can tell."""


def _die_before(client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch, what: str, table: str, rows: Any) -> None:
    """One attempt that ends before the writer's next call of `what`."""

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, what, die)
        with pytest.raises(Died):
            client.insert(table, rows)


@pytest.mark.parametrize("table", ["ui_events", "bench_runs", "session_stats"])
def test_the_same_rows_again_are_duplicates_after_the_engine_forgot_them(client: ClickHouseClient, table: str) -> None:
    rows = make_rows(table, 40, days=3)
    first = client.insert(table, rows)
    client.executor.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = {SMALL_WINDOW}")
    try:
        for seed in range(1, 4):
            client.insert(table, make_rows(table, 10, seed, days=3))
        again = client.insert(table, rows)
    finally:
        client.executor.command(f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 10000")
    assert (first["inserted"], again["inserted"], again["duplicates"]) == (40, 0, 40)
    assert again["batch_id"] == first["batch_id"]
    assert counts(client, table) == (70, 70)


def test_tokens_that_drop_partition_or_truncate_cleared_are_still_in_the_ledger(client: ClickHouseClient) -> None:
    rows = make_rows("ui_events", 20, days=2)
    client.insert_ui_events(rows)
    client.executor.command("ALTER TABLE ui_events DROP PARTITION '2026-03-01'")
    left = counts(client, "ui_events")[0]
    assert client.insert_ui_events(rows)["duplicates"] == 20
    assert counts(client, "ui_events")[0] == left
    client.executor.command("TRUNCATE TABLE ui_events")
    assert client.insert_ui_events(rows)["duplicates"] == 20
    assert counts(client, "ui_events")[0] == 0


def test_another_process_knows_the_batch(embedded: ClickHouseSettings) -> None:
    program = (
        "import sys; from chimera_metrics.integrations.clickhouse_client import ClickHouseClient\n"
        "from chimera_metrics.integrations.config import ClickHouseSettings\n"
        "from tests.writing.rows import make_rows\n"
        "with ClickHouseClient(ClickHouseSettings(path=sys.argv[1])) as client:\n"
        "    a = client.insert_episodes(make_rows('episodes', 9, 99), 'of two'); print(a['inserted'], a['duplicates'])"
    )
    words = [sys.executable, "-c", program, embedded.path]
    told = [subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert told == ["9 0\n", "0 9\n"]


def test_the_same_key_with_other_rows_stores_nothing(client: ClickHouseClient) -> None:
    client.insert_episodes(make_rows("episodes", 3), "k")
    with pytest.raises(InvalidInput, match=r"The idempotency_key 'k' was used at .* for other rows of episodes"):
        client.insert_episodes(make_rows("episodes", 5, 1), "k")
    assert counts(client, "episodes")[0] == 3


def _at_once(calls: list[Any]) -> list[Any]:
    """What each call answered or raised, all started together."""
    barrier = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def run(index: int) -> None:
        barrier.wait()
        try:
            answers[index] = calls[index]()
        except InvalidInput as error:
            answers[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_eight_callers_with_one_batch_one_is_told_inserted(client: ClickHouseClient) -> None:
    rows = make_rows("ui_events", 50, days=3)
    answers = _at_once([lambda: client.insert_ui_events(rows)] * 8)
    assert sorted(answer["inserted"] for answer in answers) == [0] * 7 + [50]
    assert all(map(adds_up, answers))
    assert counts(client, "ui_events") == (50, 50)


def test_of_callers_with_one_key_and_different_rows_one_wins_and_the_others_store_nothing(
    client: ClickHouseClient,
) -> None:
    batches = [make_rows("llm_events", 20, seed) for seed in range(4)]
    answers = _at_once([lambda rows=rows: client.insert_llm_events(rows, "one key") for rows in batches])
    assert len([answer for answer in answers if isinstance(answer, InvalidInput)]) == 3
    assert counts(client, "llm_events") == (20, 20)


@pytest.mark.parametrize("table", ["ui_events", "bench_runs"])
@pytest.mark.parametrize("what", ["find", "acknowledge"], ids=["before its blocks", "between blocks and ledger"])
def test_an_attempt_that_died_is_finished_by_the_next(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch, table: str, what: str
) -> None:
    rows = make_rows(table, 40, days=5)
    _die_before(client, monkeypatch, what, table, rows)
    answer = client.insert(table, rows)
    assert (answer["inserted"], answer["replaced"]) == (40, 0)
    assert counts(client, table) == (40, 40)


def test_an_attempt_that_died_between_two_blocks_is_finished_by_the_next(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_rows("episodes", 200, days=130)
    _die_before(client, monkeypatch, "progress", "episodes", rows)
    assert 0 < counts(client, "episodes")[0] < 200
    assert client.insert_episodes(rows)["inserted"] == 200
    assert counts(client, "episodes")[0] == 200


def test_rows_without_a_time_stay_on_their_day_when_the_retry_comes_after_midnight(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{key: value for key, value in row.items() if key != "ts"} for row in make_rows("ui_events", 5)]

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(UTC) - timedelta(days=1)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "datetime", Yesterday)
        _die_before(client, monkeypatch, "acknowledge", "ui_events", rows)
    assert client.insert_ui_events(rows)["inserted"] == 5
    assert counts(client, "ui_events") == (5, 5)


def test_an_attempt_older_than_the_engine_remembers_is_refused_rather_than_guessed(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_rows("episodes", 5)
    _die_before(client, monkeypatch, "acknowledge", "episodes", rows)
    monkeypatch.setattr(writing, "TRUSTED_BLOCKS", 2)
    for seed in range(1, 4):
        client.insert_episodes(make_rows("episodes", 1, seed))
    with pytest.raises(InvalidInput, match="the engine cannot tell which of its rows it has"):
        client.insert_episodes(rows)
    assert counts(client, "episodes")[0] == 5 + 3


def test_a_run_twice_in_one_batch_is_one_run_and_the_last_received_wins(client: ClickHouseClient) -> None:
    run = make_rows("bench_runs", 1)[0]
    later = [run | {"ts": f"2026-03-{day:02d}T00:00:00Z", "latency_p95_ms": day} for day in (20, 9, 14)]
    answer = client.insert_bench_runs(later)
    assert (answer["received"], answer["inserted"], answer["replaced"]) == (3, 3, 2)
    assert client.query("SELECT toDate(ts), latency_p95_ms FROM bench_runs")["rows"] == [["2026-03-14", 14]]
    answer = client.insert_bench_runs([run | {"latency_p95_ms": 1}])
    assert (answer["inserted"], answer["replaced"]) == (1, 1)
    assert client.query("SELECT toDate(ts), latency_p95_ms FROM bench_runs")["rows"] == [["2026-03-01", 1]]


def test_a_block_too_wide_or_too_large_is_split_by_days_under_its_token(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_rows("ui_events", 200, days=60)
    real = client.executor.insert
    sizes: list[int] = []

    def narrow(table: str, names: Any, data: Any, settings: Any = None, types: Any = None) -> int:
        if table == "ui_events":
            sizes.append(len({moment.date() for moment in data[0]}))
            if sizes[-1] > 20:
                raise StatementFailed("Too many partitions for single INSERT block (more than 20).", 252)
        return real(table, names, data, settings, types)

    with monkeypatch.context() as patch:
        patch.setattr(client.executor, "insert", narrow)
        assert client.insert_ui_events(rows)["inserted"] == 200
    assert max(sizes[1:]) <= 60
    assert min(sizes) <= 20
    assert counts(client, "ui_events") == (200, 200)


def test_the_hash_is_of_the_rows_as_received() -> None:
    row = {"a": 1, "b": "x"}
    assert content_hash("t", [row]) == content_hash("t", [{"b": "x", "a": 1}])
    others = ([{"a": 1.0, "b": "x"}], [row, row], [{"a": 1}], [{"a": 2**70, "b": "x"}], [{"a": 1, "b": "\ud800"}])
    assert len({content_hash("t", [row]), content_hash("u", [row]), *(content_hash("t", rows) for rows in others)}) == 7
    assert len(Identity("t", "k", "0").token) == 64
