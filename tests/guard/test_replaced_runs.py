"""A benchmark run that was sent again is one run in every read of `query`, however the statement is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.guard.judging import StatementRefused
from chimera_metrics.integrations.guard.rules import FIXED_SETTINGS, PHYSICAL_COLUMNS, SETTINGS
from tests.conftest import empty

RUNS = (("a", 1), ("a", 2), ("a", 3), ("b", 9))
"""Model and p95 latency of what is sent, one a day: the run of `a` three times, so that 3 is what counts."""


@pytest.fixture(scope="module", params=["embedded", "native"])
def runs(request: pytest.FixtureRequest) -> Iterator[ClickHouseClient]:
    """One store with two runs, of which one was sent three times, each time with another day: no merge unites them."""
    with ClickHouseClient(request.getfixturevalue(request.param)) as client:
        empty(client.executor)
        for day, (model, latency) in enumerate(RUNS, 1):
            run_id = f"00000000-0000-0000-0000-00000000000{model}"
            key = {"run_id": run_id, "model": model, "quant": "q4", "dataset": "d"}
            client.insert_bench_run(key | {"ts": f"2026-05-0{day}T00:00:00Z", "latency_p95_ms": latency})
        yield client


def rows(client: ClickHouseClient, sql: str) -> list[list[object]]:
    found: list[list[object]] = client.query(sql)["rows"]
    return found


@pytest.mark.parametrize("clause", ["WHERE", "PREWHERE"])
@pytest.mark.parametrize(
    ("condition", "count"),
    [
        *(("latency_p95_ms = 1", 0), ("latency_p95_ms = 3", 1), ("latency_p95_ms < 9", 1)),
        *(("ts < '2026-05-02'", 0), ("toDate(ts) = '2026-05-03'", 1), ("model = 'a' AND latency_p95_ms = 2", 0)),
    ],
)
def test_no_condition_finds_a_replaced_run(runs: ClickHouseClient, clause: str, condition: str, count: int) -> None:
    of = f"FROM bench_runs {clause} {condition}"
    assert rows(runs, f"SELECT count() {of}") == [[count]]
    assert rows(runs, f"SELECT count() FROM (SELECT * {of})") == [[count]]
    assert rows(runs, f"SELECT count() FROM llm_events RIGHT JOIN (SELECT run_id {of}) AS b USING run_id") == [[count]]
    assert rows(runs, f"SELECT count() {of} SETTINGS optimize_move_to_prewhere = 1") == [[count]]


@pytest.mark.parametrize(("name", "fixed"), FIXED_SETTINGS.items())
def test_what_makes_reads_exact_may_be_said_but_not_undone(runs: ClickHouseClient, name: str, fixed: int) -> None:
    word = "true" if fixed else "false"
    for value in (str(fixed), f"'{fixed}'", word):
        assert rows(runs, f"SELECT count() FROM bench_runs SETTINGS {name} = {value}") == [[2]]
    for value in (str(1 - fixed), f"'{1 - fixed}'", "DEFAULT", "2", "''"):
        with pytest.raises(StatementRefused, match="leave it out"):
            runs.query(f"SELECT count() FROM (SELECT * FROM bench_runs SETTINGS {name} = {value})")


VALUES = {
    "force_index_by_date": ("0",),  # with FINAL no index by date is used
    "join_algorithm": ("'hash'", "'full_sorting_merge'"),
    "max_block_size": ("1", "65409"),
    "totals_mode": ("'after_having_exclusive'",),
    "union_default_mode": ("'ALL'",),
}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_no_setting_that_a_reader_may_change_brings_a_replaced_run_back(runs: ClickHouseClient, name: str) -> None:
    for value in VALUES.get(name, ("0", "1")):
        of = f"FROM bench_runs WHERE ts > '2020-01-01' AND model != '' SETTINGS {name} = {value}"
        assert rows(runs, f"SELECT count(), max(latency_p95_ms), min(latency_p95_ms) {of}") == [[2, 9, 3]]


@pytest.mark.parametrize("column", sorted(PHYSICAL_COLUMNS))
def test_where_rows_lie_is_no_question_about_runs(runs: ClickHouseClient, column: str) -> None:
    """The engine picks parts by such a column before it looks which version is the last."""
    for sql in (
        f"SELECT {column} FROM bench_runs",
        f"SELECT count() FROM bench_runs AS b WHERE b.`{column}` = (SELECT min({column}) FROM bench_runs)",
        f"SELECT count() FROM (SELECT *, {column} AS p FROM chimera_metrics.bench_runs) WHERE p = '20260501'",
        f"WITH c AS (SELECT {column} AS p FROM bench_runs) SELECT p FROM c",
    ):
        with pytest.raises(StatementRefused, match="may not be read with bench_runs"):
            runs.query(sql)


def test_where_rows_of_other_tables_lie_may_be_asked(runs: ClickHouseClient) -> None:
    assert rows(runs, "SELECT count() FROM ui_events WHERE _partition_id = '20260501'") == [[0]]


def test_every_column_by_which_the_engine_picks_parts_is_known(runs: ClickHouseClient) -> None:
    shown = {"describe_include_virtual_columns": 1, "describe_compact_output": 1}
    with runs.executor.open("DESCRIBE TABLE bench_runs", session=shown) as running:
        virtual = {name for block in running.blocks() for name, _, is_virtual in zip(*block, strict=True) if is_virtual}
    assert virtual - PHYSICAL_COLUMNS <= {"_table", "_database", "_distance"}


def test_neither_a_sample_nor_final_changes_the_count(runs: ClickHouseClient) -> None:
    assert rows(runs, "SELECT count() FROM bench_runs FINAL") == [[2]]
    with pytest.raises(StatementFailed, match="sampling"):
        runs.query("SELECT count() FROM bench_runs SAMPLE 1 / 2")


@pytest.mark.parametrize("day", ["2026-05-01", "2026-05-03"])
def test_a_join_and_a_set_see_one_run_too(runs: ClickHouseClient, day: str) -> None:
    count = int(day == "2026-05-03")
    of_day = f"(SELECT run_id FROM bench_runs PREWHERE toDate(ts) = '{day}')"
    assert rows(runs, f"SELECT count() FROM bench_runs WHERE run_id IN {of_day}") == [[count]]
    joined = f"SELECT count() FROM bench_runs AS x JOIN bench_runs AS y USING run_id WHERE toDate(y.ts) = '{day}'"
    assert rows(runs, joined) == [[count]]
