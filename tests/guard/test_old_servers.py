"""Servers that cannot show a statement's tree: another engine parses, the server says whether it reads alike."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from chimera_metrics.integrations.guard.judging import Guard, Rules, StatementRefused
from tests.guard.conftest import Store


class OldServer:
    """The store as ClickHouse 26.3 answers. `reads`: what it makes of a text, where that differs."""

    def __init__(self, store: Store, reads: str | None = None) -> None:
        self.store, self.reads = store, reads
        self.asked: list[str] = []

    def __call__(self, sql: str, parameters: Mapping[str, str]) -> str:
        self.asked.append(sql)
        if "parseQueryToJSON" in sql:
            raise RuntimeError("Code: 46. DB::Exception: Function with name `parseQueryToJSON` does not exist.")
        if self.reads is not None and "formatQuerySingleLineOrNull" in sql:
            return base64.b64encode(self.reads.encode()).decode()
        return self.store.run(sql, parameters)


def test_without_another_engine_free_sql_is_closed(store: Store) -> None:
    with pytest.raises(StatementRefused, match=r"ClickHouse 26\.8 and newer can"):
        Guard(OldServer(store)).check("SELECT 1")


def test_another_engine_parses_and_the_server_is_asked_for_a_tree_once(store: Store) -> None:
    server = OldServer(store)
    guard = Guard(server, parser=store.run)
    assert guard.check("select count() from episodes").statement == "SELECT count() FROM episodes"
    assert guard.check("DESCRIBE (select 1)").statement == "DESCRIBE TABLE (SELECT 1)"
    assert guard.check("EXPLAIN SELECT 1").kind == "explain"
    assert guard.check("SHOW TABLES").kind == "show"
    assert sum("parseQueryToJSON" in sql for sql in server.asked) == 1


def test_several_threads_may_find_out_at_once(store: Store) -> None:
    together = threading.Barrier(4)

    class Slow(OldServer):
        def __call__(self, sql: str, parameters: Mapping[str, str]) -> str:
            if "parseQueryToJSON" in sql:
                together.wait(10)
            return super().__call__(sql, parameters)

    guard = Guard(Slow(store), parser=store.run)

    def judge(number: int) -> str:
        return guard.check(f"SELECT {number}").statement

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(judge, range(4))) == [f"SELECT {number}" for number in range(4)]


def test_hostile_statements_are_refused_all_the_same(store: Store) -> None:
    guard = Guard(OldServer(store), parser=store.run)
    for sql in ("SELECT * FROM audit_log", "DROP TABLE episodes", "SELECT 1; SELECT 2", "DESCRIBE (SELECT file('x'))"):
        with pytest.raises(StatementRefused):
            guard.check(sql)


def test_the_names_of_functions_are_asked_of_the_server(store: Store) -> None:
    """A lambda must not have the name of a function that only the server has."""
    server = OldServer(store)
    Guard(server, parser=store.run).check("WITH (x -> x + 1) AS plus_one SELECT plus_one(1)")
    assert any("system.functions" in sql for sql in server.asked)


def test_a_server_that_reads_the_text_in_another_way_refuses_it(store: Store) -> None:
    alike = OldServer(store, reads="SELECT (`count`()) FROM episodes")
    assert Guard(alike, parser=store.run).check("SELECT count() FROM episodes").kind == "select"
    for reads in ("SELECT count() FROM audit_log", "SELECT count() FROM episodes; DROP TABLE episodes"):
        with pytest.raises(StatementRefused, match="in another way than newer ones; write it simpler"):
            Guard(OldServer(store, reads=reads), parser=store.run).check("SELECT count() FROM episodes")
    with pytest.raises(StatementRefused, match="older than the syntax of the statement"):
        Guard(OldServer(store, reads=""), parser=store.run).check("SELECT count() FROM episodes")


def test_the_rules_are_the_readers_own(store: Store) -> None:
    guard = Guard(OldServer(store), Rules(tables=frozenset({"audit_log"})), parser=store.run)
    assert guard.check("SELECT * FROM audit_log").tables == ("audit_log",)
