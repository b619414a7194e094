"""Which servers are taken, and that none is sent a setting that it would pass over in silence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import select, text

from chimera_metrics.integrations.clickhouse.dbapi import READ_SETTINGS, DatabaseError
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.versions import DISPENSABLE, KnownSettings, support
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import ServerTooOld, StatementFailed
from tests.support.wire_process import Wire

SENT = {**READ_SETTINGS, "readonly": 1}


@pytest.mark.parametrize(
    ("version", "clause"),
    [
        ("26.2.19.1", "not supported: 26.3 LTS is the oldest that is"),
        ("26.3.0.1", "supported"),
        ("26.9.2.1", "supported"),
        ("27.1.1.1", "supported, but newer than 26.9, the newest that was tested"),
    ],
)
def test_what_is_said_of_a_version(version: str, clause: str) -> None:
    assert support(version) == clause


@pytest.mark.parametrize(("version", "taken"), [("25.12.9", False), ("26.2.9", False), ("26.3.1", True)])
def test_the_oldest_server_that_is_taken(version: str, taken: bool, tmp_path: Path) -> None:
    with Wire() as wire:
        at = wire.start(path=tmp_path, version=version)
        with ClickHouseClient(ClickHouseSettings(host=at.host, port=at.port, secure=False, database="default")) as one:
            if taken:
                assert one.executor.scalar("SELECT 1") == 1
                return
            with pytest.raises(ServerTooOld, match=r"needs 26\.3 or newer\. Upgrade the server.* Nothing was changed"):
                one.executor.scalar("SELECT 1")


def test_a_setting_that_the_engine_lacks_is_an_error_on_both_engines(executor: Executor) -> None:
    """A server passes over it, and the caller would believe that it holds."""
    statement = select(text("1")).execution_options(settings={"no_such_setting": 1})
    with pytest.raises(StatementFailed, match="no_such_setting"):
        executor.read(statement)
    assert executor.scalar("SELECT 1") == 1


def test_only_what_a_server_can_do_without_is_left_out() -> None:
    known = KnownSettings()
    old = SENT.keys() - DISPENSABLE.keys()
    assert known.keep(SENT, (26, 3), lambda: old) == {name: SENT[name] for name in old}
    with pytest.raises(DatabaseError, match=r"ClickHouse 26\.4, has no setting readonly") as refused:
        known.keep(SENT, (26, 4), lambda: SENT.keys() - {"readonly"})
    assert refused.value.code == ErrorCode.UNKNOWN_SETTING


def test_a_version_is_asked_once_and_servers_behind_one_address_each() -> None:
    known, asked = KnownSettings(), []

    def ask() -> Iterable[str]:
        asked.append(1)
        return SENT

    for version in ((26, 3), (26, 3), (26, 9), (26, 3)):
        assert known.keep(SENT, version, ask) == SENT
    assert known.keep({}, (27, 1), ask) == {}
    assert len(asked) == 2


def test_an_account_that_may_not_ask_sends_everything() -> None:
    def refused() -> Iterable[str]:
        raise DatabaseError("Not enough privileges", code=ErrorCode.ACCESS_DENIED)

    def lost() -> Iterable[str]:
        raise DatabaseError("gone", code=ErrorCode.NETWORK_ERROR)

    assert KnownSettings().keep(SENT, (26, 3), refused) == SENT
    with pytest.raises(DatabaseError, match="gone"):
        KnownSettings().keep(SENT, (26, 3), lost)
