"""The cluster to try things out on: an engine takes its servers' configuration, and finds all that migrations need."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.evolution.cluster_fitness import refuse_unfit
from chimera_metrics.integrations.evolution.engines import ensure_database, migration_engine
from tests.support.wire_process import Wire

FOLDER = Path(__file__).parents[2] / "deploy" / "cluster"


def test_a_server_is_fit_for_the_cluster_of_one_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARD", "1")
    monkeypatch.setenv("REPLICA", "a1")
    config = tmp_path / "config.xml"
    config.write_text((FOLDER / "server.xml").read_text().replace("/common/", f"{tmp_path}/common/"))
    with Wire() as wire:
        at = wire.start(path=tmp_path / "store", config_file=config)
        plain = ClickHouseSettings(host=at.host, port=at.port, secure=False, database="shop")
        ensure_database(plain)
        settings = plain.model_copy(update={"cluster": "muse"})
        engine = migration_engine(settings)
        with contextlib.closing(engine.connect()) as connection:
            refuse_unfit(connection, settings)
            with pytest.raises(SettingsError, match="The cluster muse_2x2 has 2 shards"):
                refuse_unfit(connection, settings.model_copy(update={"cluster": "muse_2x2"}))
            refuse_unfit(connection, settings.model_copy(update={"cluster": "muse_2x2", "sharded": True}))
        engine.dispose()


def test_keeper_is_where_the_servers_look_for_it() -> None:
    server, keeper = (ElementTree.parse(FOLDER / f"{name}.xml") for name in ("server", "keeper"))  # noqa: S314  # ours
    assert server.findtext("zookeeper/node/port") == keeper.findtext("keeper_server/tcp_port")
    compose = (FOLDER / "compose.yaml").read_text()
    assert server.findtext("zookeeper/node/host") in re.findall(r"^  (\w+):$", compose, re.MULTILINE)
    hosts = {host.text for host in server.iterfind("remote_servers/muse_2x2/shard/replica/host")}
    assert hosts == set(re.findall(r"hostname: (\w+)", compose)) == {"a1", "a2", "b1", "b2"}
