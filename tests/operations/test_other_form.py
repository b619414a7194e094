"""A program that is not told of its store's shards stores nothing, changes nothing, and counts nothing wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution import adopt, runner
from chimera_metrics.integrations.operations import backup, retention, roles
from chimera_metrics.integrations.operations.verify import verify
from chimera_metrics.integrations.watches import operations as watches
from chimera_metrics.integrations.writing.rebuilding import rebuild_day, stored_days
from tests.support.listening import free_port
from tests.support.wire_process import Wire
from tests.writing.rows import make_rows

CONFIG = """<clickhouse><remote_servers><muse>
<shard><replica><host>127.0.0.1</host><port>{port}</port></replica></shard>
</muse></remote_servers></clickhouse>"""


@pytest.fixture(scope="module")
def unaware(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseClient]:
    """A client without CH_CLUSTER, and a batch in its quarantine, on a store whose events are on a shard by now."""
    folder, port = tmp_path_factory.mktemp("form"), free_port()
    config = folder / "config.xml"
    config.write_text(CONFIG.format(port=port))
    with Wire() as wire, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        at = wire.start(path=folder / "store", config_file=config, port=port)
        settings = ClickHouseSettings(host=at.host, port=at.port, secure=False, database="shop", retry_attempts=0)
        runner.upgrade(settings)
        with ClickHouseClient(settings) as client:
            wire.arm("query_received", "refuse", table="INTO `ui_events`", code=286, words="no quorum")
            assert client.insert_ui_events(make_rows("ui_events", 5, 1))["quarantined"] == 5
        with ClickHouseClient(settings) as client:
            client.executor.command("RENAME TABLE ui_events TO ui_events_local")
            client.executor.command(
                "CREATE TABLE ui_events AS ui_events_local "
                "ENGINE = Distributed('muse', 'shop', 'ui_events_local', cityHash64(session_id))"
            )
            yield client


def _replay(client: ClickHouseClient) -> object:
    [kept] = client.quarantine.batches()
    return client.replay(kept)


CHANGES: dict[str, Callable[[ClickHouseClient], object]] = {
    "insert": lambda client: client.insert_ui_events(make_rows("ui_events", 3, 2)),
    "insert with a key": lambda client: client.insert_episodes(make_rows("episodes", 3, 2), idempotency_key="k"),
    "insert a stream": lambda client: client.insert_stream("ui_events", iter(make_rows("ui_events", 3, 3))),
    "replay": _replay,
    "list days": lambda client: stored_days(client.executor, date(2000, 1, 1)),
    "rebuild": lambda client: rebuild_day(client.executor, date(2026, 3, 1)),
    "retention": retention.plan,
    "watches": watches.run,
    "roles": roles.apply,
    "verify": verify,
    "backup": lambda client: backup.create(client.settings, MuseSettings()),
    "check": lambda client: runner.check(client.settings),
    "upgrade": lambda client: runner.upgrade(client.settings),
    "adopt": lambda client: adopt.plan(client.settings),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_would_go_wrong_is_refused(unaware: ClickHouseClient, what: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"CH_CLUSTER is not set\. Set CH_CLUSTER=muse and CH_SHARDED=true in"):
        CHANGES[what](unaware)
    assert unaware.executor.scalar("SELECT count() FROM ui_events_local") == 0
    assert unaware.executor.scalar("SELECT count() FROM insert_ledger WHERE table_name = 'episodes'") == 0
    assert len(unaware.quarantine.batches()) == 1


def test_status_says_so(unaware: ClickHouseClient) -> None:
    [line] = [check for check in unaware.health()["checks"] if check["name"] == "cluster"]
    assert (line["level"], line["figure"]) == ("error", "rows lie on shards, but CH_CLUSTER is not set")
    assert line["advice"].startswith("Set CH_CLUSTER=muse and CH_SHARDED=true in every program")


def test_status_of_tables_that_are_not_spread(native: ClickHouseSettings) -> None:
    """Such a store has no `muse_shards`, which does not mean that its schema is an old one."""
    with ClickHouseClient(native.model_copy(update={"cluster": "muse", "sharded": True})) as client:
        found = {check["name"]: check for check in client.health()["checks"]}
    assert "are not spread over shards, but CH_SHARDED is set" in found["cluster"]["figure"]
    assert "schema" not in found


def test_reading_is_not_refused(unaware: ClickHouseClient) -> None:
    assert unaware.query("SELECT count() AS n FROM ui_events").rows == [[0]]


def test_a_batch_waits_where_the_store_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first question to the store is another now; a store that is gone still costs no rows."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    gone = ClickHouseSettings(host="127.0.0.1", port=free_port(), secure=False, retry_attempts=0)
    with ClickHouseClient(gone) as client:
        assert client.insert_ui_events(make_rows("ui_events", 4, 9))["quarantined"] == 4
