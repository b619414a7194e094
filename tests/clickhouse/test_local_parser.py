"""The embedded engine as a parser for a server, beside embedded stores that the same process reads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.clickhouse.dbapi import DatabaseError
from chimera_metrics.integrations.clickhouse.local_parser import LocalParser
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings

TREE = "SELECT JSONExtractString(parseQueryToJSON('SELECT 1'), 'type')"


@pytest.fixture
def parser() -> Iterator[LocalParser]:
    made = LocalParser(ClickHouseSettings(host="server"))
    yield made
    made.close()


def test_it_parses_without_any_store(parser: LocalParser) -> None:
    assert parser(TREE, {}) == "SelectWithUnionQuery"
    # In a process of its own: here another test's store may still be open.
    program = (
        "from chimera_metrics.integrations.clickhouse.local_parser import LocalParser\n"
        "from chimera_metrics.integrations.config import ClickHouseSettings\n"
        "parser = LocalParser(ClickHouseSettings(host='server'))\n"
        "print(parser(\"SELECT count() FROM system.databases WHERE name = 'chimera_metrics'\", {}))\n"
        "parser.close()\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert said.strip() == "0"


def test_the_process_may_have_an_embedded_store_open(parser: LocalParser, store_path: str) -> None:
    """The engine has one store a process, so the questions go to that one."""
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        client.insert_episode({"series": "s", "episode_num": 1, "title": "t"})
        assert parser(TREE, {}) == "SelectWithUnionQuery"
        assert client.execute_query("SELECT count() AS n FROM episodes") == [{"n": 1}]
        assert open_store(store_path).opened == 1


def test_a_store_is_opened_after_the_parser_and_the_parser_goes_on(parser: LocalParser, store_path: str) -> None:
    for _ in range(2):
        assert parser(TREE, {}) == "SelectWithUnionQuery"
        with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
            client.insert_episode({"series": "s", "episode_num": 1, "title": "t"})
            assert client.execute_query("SELECT count() AS n FROM episodes") == [{"n": 1}]
            assert parser(TREE, {}) == "SelectWithUnionQuery"


def test_it_cannot_write_and_takes_no_lone_word_for_a_statement(parser: LocalParser) -> None:
    with pytest.raises(DatabaseError, match="readonly"):
        parser("CREATE TABLE default.t (a UInt8) ENGINE = Memory", {})
    with pytest.raises(DatabaseError, match="Syntax error"):
        parser("SELECT formatQuerySingleLine('nonsense')", {})
