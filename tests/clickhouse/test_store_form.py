"""What a store is, and whether a program's settings say so: one server's, replicated, or spread over shards."""

from __future__ import annotations

import re

import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.store_form import KnownForm, alone, misfit, question, require
from chimera_metrics.integrations.config import ClickHouseSettings

ONE_SERVER = ClickHouseSettings(host="node", database="shop")
CLUSTER = ONE_SERVER.model_copy(update={"cluster": "muse"})
SHARDS = CLUSTER.model_copy(update={"sharded": True})

CLAIMS = ("muse_claims", "KeeperMap", "KeeperMap('/muse/shop') PRIMARY KEY name")
PLAIN = [("ui_events", "MergeTree", "MergeTree PARTITION BY toDate(ts)")]
OWN_REPLICAS = [("ui_events", "ReplicatedMergeTree", "ReplicatedMergeTree('/x', 'r1')")]
REPLICATED = [*OWN_REPLICAS, CLAIMS]
CLOUD = [("ui_events", "SharedMergeTree", "SharedMergeTree('/x', 'r1')")]
SPREAD = [
    ("ui_events", "Distributed", "Distributed('muse', 'shop', 'ui_events_local', cityHash64(session_id))"),
    CLAIMS,
]


@pytest.mark.parametrize(
    ("settings", "found", "figure", "advice"),
    [
        (ONE_SERVER, SPREAD, "rows lie on shards, but CH_CLUSTER", "Set CH_CLUSTER=muse and CH_SHARDED=true in every"),
        (CLUSTER, SPREAD, "rows lie on shards, but CH_SHARDED", "Set CH_SHARDED=true in every"),
        (SHARDS, REPLICATED, "1 tables (ui_events …) are not spread", "Unset it; or, .* `muse copy --from"),
        (SHARDS, PLAIN, "1 tables (ui_events …) are not spread", "name a new database in CH_DATABASE"),
        (ONE_SERVER, REPLICATED, "replicated on a cluster, but CH_CLUSTER is not set", "Set it to the cluster's name"),
    ],
)
def test_settings_that_do_not_say_what_the_store_is(
    settings: ClickHouseSettings, found: list[tuple[str, str, str]], figure: str, advice: str
) -> None:
    wrong = misfit(settings, found)
    assert wrong is not None
    assert figure in wrong.figure
    assert re.search(advice, wrong.advice)
    assert wrong.sentence(settings) == f"In shop on node:9440 {wrong.figure}. {wrong.advice}"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (SHARDS, SPREAD),
        (CLUSTER, REPLICATED),
        (CLUSTER, CLOUD),
        (ONE_SERVER, PLAIN),
        (ONE_SERVER, CLOUD),
        # `muse upgrade` with CH_CLUSTER made the claims, and refused the rest; then it was unset again.
        (ONE_SERVER, [*PLAIN, CLAIMS]),
        (ONE_SERVER, OWN_REPLICAS),
        (SHARDS, []),
        (ONE_SERVER, []),
    ],
)
def test_settings_that_say_what_the_store_is(settings: ClickHouseSettings, found: list[tuple[str, str, str]]) -> None:
    assert misfit(settings, found) is None
    assert alone(settings, found) is None


def test_tables_of_one_server_on_a_cluster_take_no_batches() -> None:
    wrong = alone(CLUSTER, [*PLAIN, CLAIMS])
    assert wrong is not None
    assert wrong.sentence(CLUSTER) == (
        "In shop on node:9440 1 tables (ui_events …) stand on this server alone, but CH_CLUSTER is set. "
        "Run `muse adopt --yes`, which makes them the cluster's in place, or unset CH_CLUSTER."
    )


def test_an_embedded_store_is_not_asked(embedded: ClickHouseSettings) -> None:
    asked: list[str] = []
    executor = Executor(embedded, tracer=lambda traced: asked.append(traced.statement))
    require(executor)
    KnownForm(executor).require()
    assert asked == []


def test_a_writer_asks_once_a_minute(native: ClickHouseSettings) -> None:
    asked: list[str] = []
    executor = Executor(native, tracer=lambda traced: asked.append(traced.statement))
    moment = [0.0]
    known = KnownForm(executor, clock=lambda: moment[0])
    for moment[0] in (0.0, 30.0, 59.0, 61.0, 90.0):
        known.require()
    assert asked == [question(native.database)] * 2
    executor.close()
