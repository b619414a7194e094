"""Roles: every statement is parsed by the engine; run on the server that CH_TEST_URL names, where there is one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput, MuseError
from chimera_metrics.integrations.operations import roles

GRANTED = roles.access(
    users=["alice=reader", "pipeline=writer"],
    networks=["10.0.0.0/8", "::1/128"],
    hidden=["ui_events.latency_ms", "episodes.file_path"],
    only=["llm_events.source=council"],
)


STORES = {
    "roles.sql": ClickHouseSettings(),
    "roles_on_a_cluster.sql": ClickHouseSettings(host="node", cluster="muse"),
    "roles_on_shards.sql": ClickHouseSettings(host="node", cluster="muse", sharded=True),
}


def granted_on(name: str) -> roles.Grants:
    """On shards rows cannot be kept from readers."""
    return replace(GRANTED, only={}) if "shards" in name else GRANTED


@pytest.mark.parametrize("name", STORES)
def test_the_statements_are_as_reviewed(name: str) -> None:
    text = "".join(f"{statement};\n" for statement in roles.statements(STORES[name], granted_on(name)))
    snapshot = Path(__file__).with_name(name)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text)
    assert text == snapshot.read_text()


@pytest.mark.parametrize("name", STORES)
def test_the_engine_parses_each(full: ClickHouseClient, name: str) -> None:
    for statement in roles.statements(STORES[name], granted_on(name)):
        assert full.executor.read(f"EXPLAIN AST {statement}").rows
        assert full.executor.scalar(f"SELECT formatQuery({quote(statement)})")


def test_a_reader_sees_neither_books_nor_hidden_columns_nor_rollups_that_tell_of_them() -> None:
    [grant] = [one for one in roles.statements(ClickHouseSettings(), GRANTED) if "TO muse_reader WITH" in one]
    for hidden in ("audit_log", "insert_ledger", "`file_path`", "ui_events_hourly", "INSERT"):
        assert hidden not in grant
    for shown in ("`llm_events_hourly`", "`session_stats`", "`ui_events`"):
        assert shown in grant


def test_on_a_cluster_each_goes_to_every_server_and_writers_claim_in_keeper() -> None:
    statements = roles.statements(STORES["roles_on_a_cluster.sql"], GRANTED)
    assert all("ON CLUSTER 'muse'" in one for one in statements)
    [writer] = [one for one in statements if "TO muse_writer WITH" in one]
    assert "ALTER DELETE ON `chimera_metrics`.muse_claims" in writer


def test_on_shards_readers_and_writers_have_the_shards_own_tables_too() -> None:
    statements = roles.statements(STORES["roles_on_shards.sql"], granted_on("shards"))
    [reader] = [one for one in statements if "TO muse_reader WITH" in one]
    [writer] = [one for one in statements if "TO muse_writer WITH" in one]
    assert ") ON `chimera_metrics`.`ui_events_local`" in reader
    assert "SELECT, INSERT ON `chimera_metrics`.`ui_events_local`" in writer
    assert all("SELECT ON `chimera_metrics`.muse_shards" in one for one in (reader, writer))


def test_rows_cannot_be_kept_from_readers_on_shards() -> None:
    with pytest.raises(MuseError, match="Leave --only out"):
        roles.statements(STORES["roles_on_shards.sql"], GRANTED)


def test_without_conditions_earlier_policies_go() -> None:
    statements = roles.statements(ClickHouseSettings())
    assert sum(one.startswith("DROP ROW POLICY IF EXISTS muse_reader, muse_all ON") for one in statements) == 9
    assert not any("CREATE ROW POLICY" in one for one in statements)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"users": ["alice"]}, "--user holds 'alice', but takes NAME=ROLE"),
        ({"users": ["al`ice=reader"]}, "--user holds"),
        ({"users": ["alice=king"]}, "a role of reader, writer, admin"),
        ({"networks": ["10.0.0.1/8"]}, "--network holds '10.0.0.1/8'"),
        ({"hidden": ["ui_events.nope"]}, "--hide holds 'ui_events.nope'"),
        ({"only": ["ui_events.latency_ms"]}, "--only holds"),
    ],
)
def test_a_mistake_is_a_sentence(named: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        roles.access(**named)


def test_an_embedded_store_has_no_roles(full: ClickHouseClient) -> None:
    with pytest.raises(roles.NoRoles, match="set CH_HOST, or see what they would be with `muse roles plan`"):
        roles.apply(full)


@pytest.mark.skipif("CH_TEST_URL" not in os.environ, reason="needs a server whose account may create roles")
def test_applied_twice_a_server_holds_the_same(server: ClickHouseSettings) -> None:
    with ClickHouseClient(server) as client:
        roles.apply(client)
        grants = "SHOW GRANTS FOR muse_reader"
        first = client.executor.read(grants).rows
        roles.apply(client)
        assert client.executor.read(grants).rows == first
