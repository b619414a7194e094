"""What a cluster says, by the driver's own error: tried again, waited for, kept aside or refused, with a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.clickhouse import cluster_errors
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.retries import RetryPolicy, pause_s, policy_of, read_policy_of, repeat
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.evolution import runner
from tests.support.wire_process import Wire
from tests.writing.rows import counts, make_rows

# The engine's words, from its source and from servers whose Keeper was stopped.
PASSES = {
    (242, "Table is in readonly mode (replica path: /clickhouse/tables/1/muse/ui_events/replicas/r1)"): "wait",
    (319, "Unknown status, client must retry. Reason: Coordination error: Connection loss"): "retry",
    (999, "Coordination error: Session expired, path /clickhouse/tables/1/muse/ui_events/blocks"): "wait",
    (225, "Cannot get ZooKeeper"): "wait",
    (279, "All connection tries failed. Log: Code: 210. Connection refused (node:9000)"): "retry",
}
STAYS = {
    (286, "Quorum for previous write has not been satisfied yet. Status: version: 1"): "stop",
    (999, "Transaction failed (Node exists): Op #0, path: /keeper_map/muse/data/AWE="): "stop",
    (225, "There is no ZooKeeper configuration in server config"): "refuse",
}


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wire, ClickHouseSettings]]:
    with Wire() as made:
        address = made.start(path=tmp_path_factory.mktemp("cluster"))
        settings = ClickHouseSettings(host=address.host, port=address.port, secure=False, retry_attempts=1)
        runner.upgrade(settings)
        yield made, settings


@pytest.mark.parametrize(("code", "words"), PASSES)
def test_what_passes_is_tried_again_and_the_rows_are_stored_once(
    wire: tuple[Wire, ClickHouseSettings], code: int, words: str
) -> None:
    made, settings = wire
    with ClickHouseClient(settings) as client:
        before = counts(client, "ui_events")
        made.arm("after_engine_insert", "refuse", table="INTO `ui_events`", code=code, words=words)
        answer = client.insert_ui_events(make_rows("ui_events", 10, hash(words)))
        made.disarm()
        assert (answer["inserted"], answer["quarantined"]) == (10, 0)
        assert counts(client, "ui_events") == (before[0] + 10, before[1] + 10)


@pytest.mark.parametrize("code", [286, 999])
def test_what_stays_is_kept_aside_at_once_with_the_reason(wire: tuple[Wire, ClickHouseSettings], code: int) -> None:
    made, settings = wire
    words = next(said for number, said in STAYS if number == code)
    with ClickHouseClient(settings) as client:
        before = len(made.struck())
        made.arm("query_received", "refuse", table="INTO `episodes`", code=code, words=words, times=2)
        answer = client.insert_episodes(make_rows("episodes", 10, code))
        made.disarm()
        assert (answer["inserted"], answer["quarantined"], len(made.struck()) - before) == (0, 10, 1)
        assert words in answer["note"]


def test_servers_without_keeper_are_refused_and_nothing_is_kept(wire: tuple[Wire, ClickHouseSettings]) -> None:
    made, settings = wire
    words = next(said for number, said in STAYS if number == 225)
    with ClickHouseClient(settings) as client:
        made.arm("query_received", "refuse", table="INTO `deployments`", code=225, words=words)
        with pytest.raises(StatementFailed, match="name it in the servers' <zookeeper>, or unset CH_CLUSTER"):
            client.insert_deployments(make_rows("deployments", 3))
        assert client.insert_deployments(make_rows("deployments", 3))["inserted"] == 3


@pytest.mark.parametrize(("code", "words", "policy"), [(*key, value) for key, value in (PASSES | STAYS).items()])
def test_each_has_its_decision_and_a_next_step(code: int, words: str, policy: str) -> None:
    sentence = cluster_errors.sentence(code, words)
    assert sentence is not None
    assert sentence.startswith(f"{words}. ")
    error = StatementFailed(sentence, code)
    assert policy_of(error) is RetryPolicy(policy)
    assert read_policy_of(error) is (RetryPolicy(policy) if policy in {"retry", "wait"} else RetryPolicy.REFUSE)


def test_a_cluster_gets_longer_to_recover() -> None:
    pauses: list[float] = []

    def fail() -> None:
        raise StatementFailed("Table is in readonly mode", ErrorCode.TABLE_IS_READ_ONLY)

    with pytest.raises(StatementFailed):
        repeat(fail, 4, pauses.append)
    assert len(pauses) == 4
    assert pause_s(3, lambda: 1.0, longer=True) == 5 * pause_s(3, lambda: 1.0) == 8.0


def test_any_other_error_is_no_clusters() -> None:
    assert cluster_errors.policy(60, "no such table") is None
    assert cluster_errors.sentence(60, "no such table") is None
