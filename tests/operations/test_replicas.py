"""The line on a cluster's replicas: what of `system.replicas` is red, what is yellow, and what to do about it."""

from __future__ import annotations

import json

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.operations import replicas

CLUSTER = ClickHouseSettings(host="node", cluster="muse")
WELL = ("ui_events", 0, 3, 2, 2, 2, 0)


def line(*rows: tuple[object, ...]) -> dict[str, str]:
    [found] = replicas.lines(CLUSTER, {"replicas": json.dumps(rows), "shards": 0})
    return found


@pytest.mark.parametrize(
    ("told", "level", "figure", "advice"),
    [
        ("2 2 2", "ok", "rows on 2 shards", ""),
        ("2 3 3", "ok", "rows on 3 shards, benchmark runs on the first 2", ""),
        ("2 2 3", "warning", "rows on 2 shards; this server's configuration names 3", "Run `muse upgrade`"),
        ("3 3 2", "error", "rows on 3 shards; this server's configuration names 2", "<remote_servers>"),
    ],
)
def test_shards_are_told_and_those_that_no_row_goes_to(told: str, level: str, figure: str, advice: str) -> None:
    settings = CLUSTER.model_copy(update={"sharded": True})
    [_, found] = replicas.lines(settings, {"replicas": json.dumps([WELL]), "shards": told})
    assert (found["level"], found["figure"]) == (level, figure)
    assert advice in found["advice"]


def test_a_store_on_shards_without_the_setting_is_an_error() -> None:
    [_, found] = replicas.lines(CLUSTER, {"replicas": json.dumps([WELL]), "shards": 1})
    assert found["level"] == "error"
    assert "Set CH_SHARDED=true" in found["advice"]


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


def test_facts_are_named_before_books() -> None:
    rows = [(name, 1, 0, 0, 0, 1, 0) for name in ("audit_log", "insert_ledger", "episodes", "ui_events", "watches")]
    assert line(*rows)["figure"].endswith("take no rows here: episodes, ui_events, audit_log …")


def test_without_a_cluster_nothing_is_asked() -> None:
    assert replicas.facts(ClickHouseSettings()) == {}
    assert replicas.lines(ClickHouseSettings(), {}) == []
