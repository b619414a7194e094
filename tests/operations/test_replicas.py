"""The line on a cluster's replicas: what of `system.replicas` is red, what is yellow, and what to do about it."""

from __future__ import annotations

import json

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.operations import replicas

CLUSTER = ClickHouseSettings(host="node", cluster="muse")
WELL = ("ui_events", 0, 3, 2, 2, 2, 0)


REPLICATED = [["ui_events", "ReplicatedMergeTree", ""], ["muse_claims", "KeeperMap", ""]]
SPREAD = [["ui_events", "Distributed", "Distributed('muse', 'shop', 'ui_events_local')"]]


def told(
    *rows: tuple[object, ...],
    form: list[list[str]] = REPLICATED,
    servers: int = 2,
    shards: str = "",
) -> dict[str, str]:
    """What the one statement of `muse status` was answered."""
    return {
        "form": json.dumps(form),
        "clusters": json.dumps([["muse", servers]]),
        "replicas": json.dumps(rows or [WELL]),
        "shards": shards,
    }


def line(*rows: tuple[object, ...]) -> dict[str, str]:
    [found] = replicas.lines(CLUSTER, told(*rows) | {"replicas": json.dumps(rows)})
    return found


@pytest.mark.parametrize(
    ("counts", "level", "figure", "advice"),
    [
        ("2 2 2", "ok", "rows on 2 shards", ""),
        ("2 3 3", "ok", "rows on 3 shards, benchmark runs on the first 2", ""),
        ("2 2 3", "warning", "rows on 2 shards; this server's configuration names 3", "Run `muse upgrade`"),
        ("3 3 2", "error", "rows on 3 shards; this server's configuration names 2", "<remote_servers>"),
    ],
)
def test_shards_are_told_and_those_that_no_row_goes_to(counts: str, level: str, figure: str, advice: str) -> None:
    settings = CLUSTER.model_copy(update={"sharded": True})
    [_, found] = replicas.lines(settings, told(form=SPREAD, shards=counts))
    assert (found["level"], found["figure"]) == (level, figure)
    assert advice in found["advice"]


def test_a_store_on_shards_without_the_setting_is_an_error() -> None:
    [_, found] = replicas.lines(CLUSTER, told(form=SPREAD))
    assert found["level"] == "error"
    assert "Set CH_SHARDED=true" in found["advice"]


@pytest.mark.parametrize(
    ("form", "advice"), [(SPREAD, "CH_CLUSTER=muse and CH_SHARDED"), (REPLICATED, "the cluster's")]
)
def test_a_store_on_a_cluster_without_the_setting_is_an_error(form: list[list[str]], advice: str) -> None:
    alone = ClickHouseSettings(host="node")
    assert set(replicas.facts(alone)) == {"form"}
    [found] = replicas.lines(alone, told(form=form))
    assert (found["name"], found["level"]) == ("cluster", "error")
    assert advice in found["advice"]


def test_a_cluster_that_the_server_does_not_know_is_an_error() -> None:
    settings = CLUSTER.model_copy(update={"cluster": "moose", "sharded": True})
    [_, found] = replicas.lines(settings, told(form=SPREAD, shards="2 2 0"))
    assert found["figure"] == "CH_CLUSTER is moose, which this server does not know"
    assert found["advice"].startswith("Set it to one of muse, or name")


def test_replicas_in_order() -> None:
    found = line(WELL, ("insert_ledger", 0, 0, 0, 2, 2, 0))
    assert (found["level"], found["figure"]) == ("ok", "2 tables on 2 replicas, at most 3 s behind, 2 parts waiting")


@pytest.mark.parametrize(
    ("rows", "level", "figure", "advice"),
    [
        ([], "error", "none", "run `muse adopt`"),
        (
            [("watches", 1, 0, 0, 0, 2, 0)],
            "error",
            "1 of 1 tables take no rows here: watches",
            "RESTORE REPLICA watches",
        ),
        ([("ui_events", 0, 0, 0, 2, 2, 3)], "error", "parts that no replica has: 3 of ui_events", "restore a backup"),
        ([("ui_events", 0, 0, 9, 1, 2, 0)], "warning", "1 of 2 replicas not there", "Start what is down"),
        ([("ui_events", 0, 90, 0, 2, 2, 0)], "warning", "1.5 min behind", "This server lags"),
        ([("ui_events", 0, 900, 0, 2, 2, 0)], "error", "15.0 min behind", "This server lags"),
        ([("ui_events", 0, 1, 5000, 2, 2, 0)], "warning", "5,000 parts waiting", "system.replication_queue"),
    ],
)
def test_what_is_wrong_has_a_next_step(rows: list[tuple[object, ...]], level: str, figure: str, advice: str) -> None:
    found = line(*rows)
    assert found["level"] == level
    assert figure in found["figure"]
    assert advice in found["advice"]


def test_tables_that_a_new_server_lacks_are_named() -> None:
    [found] = replicas.lines(CLUSTER, told(WELL, servers=3))
    assert found["figure"].endswith("; not on all 3 servers: ui_events")
    assert found["advice"].startswith("Run `muse upgrade`")


def test_facts_are_named_before_books() -> None:
    rows = [(name, 1, 0, 0, 0, 1, 0) for name in ("audit_log", "insert_ledger", "episodes", "ui_events", "watches")]
    assert line(*rows)["figure"].endswith("take no rows here: episodes, ui_events, audit_log …")


def test_of_an_embedded_store_nothing_is_asked() -> None:
    assert replicas.facts(ClickHouseSettings()) == {}
    assert replicas.lines(ClickHouseSettings(), {}) == []
