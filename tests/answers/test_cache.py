"""The cache of answers: what is found again, what it is made of, and how long it holds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chimera_metrics.integrations.answers.cache import AnswerCache, Look, Memory
from chimera_metrics.integrations.answers.kept import Kept, open_signed, sign
from chimera_metrics.integrations.answers.ledger_versions import ANY, LedgerVersions
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from tests.factories import BenchRunFactory, LlmEventFactory, rows

KEPT = Kept({"bench_runs": "202611:3"}, b'{"n":1}', (b"\x89PNG 1\n", b"\x89PNG 2"), "SELECT 1", "q-1")
KEY = b"k" * 32


def test_an_answer_is_what_it_was() -> None:
    assert Kept.unpack(KEPT.pack()) == KEPT


DAMAGED = [
    b"",
    b"\n",
    b"null\n",
    b"[]\n{}",
    b'{"sizes":[2]}\n{}',
    b"\x80\x04\x95.",
    KEPT.pack()[:-1],
    KEPT.pack() + b"x",
]
DAMAGED += [KEPT.pack().replace(b'"q-1"', b"7"), KEPT.pack().replace(b"[7,", b"[-7,14,")]


@pytest.mark.parametrize("packed", DAMAGED)
def test_what_was_not_kept_by_us_is_no_answer(packed: bytes) -> None:
    assert Kept.unpack(packed) is None


def test_a_signature_holds_for_one_place_and_one_value() -> None:
    signed = sign(KEY, b"here", b"value")
    assert open_signed(KEY, b"here", signed) == b"value"
    assert open_signed(KEY, b"there", signed) is None
    assert open_signed(b"other" * 6, b"here", signed) is None
    assert open_signed(KEY, b"here", signed[:-1] + b"x") is None
    assert open_signed(KEY, b"here", b"") is None


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    memory = Memory(3 * 1200)
    for name in (b"a", b"b", b"c"):
        memory.put(name, b"x" * 1000, 1, 60)
    assert memory.get(b"a") is not None
    memory.put(b"d", b"x" * 1000, 1, 60)
    assert [name for name in (b"a", b"b", b"c", b"d") if memory.get(name)] == [b"a", b"c", b"d"]
    memory.put(b"a", b"y", 1, 60)
    assert (held(memory, b"a"), len(memory), memory.bytes) == (b"y", 3, 2 * 1200 + 201)
    memory.put(b"huge", b"x" * 10_000, 1, 60)
    assert (memory.get(b"huge"), len(memory), memory.bytes) == (None, 0, 0)


def test_another_minute_begins_empty() -> None:
    memory = Memory()
    memory.put(b"a", b"x", 1, 60)
    memory.put(b"b", b"x", 2, 60)
    assert (memory.get(b"a"), held(memory, b"b"), memory.bytes) == (None, b"x", 201)
    memory.put(b"c", b"x", 2, -1)
    assert memory.get(b"c") is None  # its time is over


def held(memory: Memory, name: bytes) -> bytes:
    found = memory.get(name)
    assert found is not None
    assert 0 < found[1] <= 60
    return found[0]


def test_a_batch_changes_the_version_of_its_table_alone(client: ClickHouseClient) -> None:
    versions = LedgerVersions(client.executor)
    none = versions.now(1)
    client.insert_bench_runs(rows(BenchRunFactory, 3))
    one = versions.now(1)
    client.insert_bench_runs(rows(BenchRunFactory, 3))  # known: a duplicate changes nothing
    client.insert_llm_events(rows(LlmEventFactory, 3))
    two = versions.now(1)
    assert none.versions == {ANY: "[]"}
    assert one.still(one.of({"bench_runs"}))
    assert not one.still(none.of({"bench_runs"}))
    assert two.still(one.of({"bench_runs"}))
    assert not two.still(one.of({"bench_runs", "llm_events"}))
    assert not two.still(one.of(set()))
    assert none.store == one.store
    assert one.store.endswith(" 0005") or one.store.split()[-1].isdigit()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 12, 0, 5, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def look(cache: AnswerCache, *question: str) -> Look:
    found = cache.look(*question)
    assert found is not None
    return found


def test_an_answer_holds_within_its_minute_for_its_question(client: ClickHouseClient) -> None:
    clock = Clock()
    cache = AnswerCache(client.executor, Settings(client.settings, client.muse), [Memory()], clock)
    look(cache, "reader", "get.x", "{}").keep({"bench_runs"}, b"{}", [], "SELECT 1", "q")
    clock.now += 54
    assert look(cache, "reader", "get.x", "{}").found is not None
    assert look(cache, "writer", "get.x", "{}").found is None
    assert look(cache, "reader", "get.x", '{"days":1}').found is None
    clock.now += 1
    assert look(cache, "reader", "get.x", "{}").found is None


@pytest.mark.parametrize("other", [{"timezone": "Europe/Berlin"}, {"max_rows": 5}, {"max_result_bytes": 5000}])
def test_another_server_s_settings_make_another_answer(client: ClickHouseClient, other: dict[str, object]) -> None:
    clock, memory = Clock(), Memory()
    here = AnswerCache(client.executor, Settings(client.settings, MuseSettings()), [memory], clock)
    there = AnswerCache(client.executor, Settings(client.settings, MuseSettings(**other)), [memory], clock)  # type: ignore[arg-type]
    look(here, "q").keep(set(), b"{}", [], "", "")
    assert look(here, "q").found is not None
    assert look(there, "q").found is None


def test_a_store_that_does_not_answer_has_no_cache() -> None:
    closed = ClickHouseSettings(host="127.0.0.1", port=1, retry_attempts=0)
    with ClickHouseClient(closed, MuseSettings()) as client:
        assert AnswerCache(client.executor, Settings(closed, client.muse), [Memory()]).look("q") is None
