"""Each setting's effect, or its sentence when it holds what it does not take."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import SettingsError
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a .env file of somebody else's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRONG = [
    ("CH_PORT", "x", "CH_PORT holds 'x', but takes a whole number: native protocol port."),
    ("CH_PORT", "70000", "CH_PORT holds '70000', but takes a number less than or equal to 65535"),
    ("CH_SECURE", "maybe", "CH_SECURE holds 'maybe', but takes true or false: TLS, certificate verified."),
    ("CH_TIMEOUT", "0", "CH_TIMEOUT holds '0', but takes a number greater than 0: seconds for one statement."),
    ("CH_DATABASE", "a b", "CH_DATABASE holds 'a b', but takes a name of letters, digits and underscores: database."),
    ("CH_COMPRESSION", "2", "CH_COMPRESSION holds '2', but takes true or false"),
    ("MUSE_TOOLS", "query,poke", "MUSE_TOOLS holds 'poke', but takes one of 'query', 'get', 'insert' or 'watch'"),
    ("MUSE_TOOL_NAMES", "dashed", "MUSE_TOOL_NAMES holds 'dashed', but takes one of 'dotted', 'underscored' or 'auto'"),
    ("MUSE_TIMEZONE", "Mars", "MUSE_TIMEZONE holds 'Mars', but takes an IANA time zone such as UTC or Europe/Berlin"),
    ("MUSE_MAX_ROWS", "0", "MUSE_MAX_ROWS holds '0', but takes a number greater than or equal to 1"),
    ("MUSE_SERVERS", "0", "MUSE_SERVERS holds '0', but takes a number greater than or equal to 1"),
    ("CH_HSOT", "db", "CH_HSOT is not a setting; did you mean CH_HOST?"),
]


WRONG_NAMES = [
    ("CH_USER", "CH_USER is not a setting here; write CH_USERNAME."),
    ("CH_PASS", "CH_PASS is not a setting here; write CH_PASSWORD."),
    ("CH_DB", "CH_DB is not a setting here; write CH_DATABASE."),
    ("CH_SSL", "CH_SSL is not a setting here; write CH_SECURE."),
    ("CH_URL", "CH_URL is not a setting here; write CH_HOST with the host alone, and CH_PORT."),
    ("CLICKHOUSE_HOST", "CLICKHOUSE_HOST is not a setting here; write CH_HOST. If another program needs it, say"),
    ("CLICKHOUSE_URL", "CLICKHOUSE_URL is not a setting here; write CH_HOST with the host alone, and CH_PORT."),
    ("CLICKHOUSE_VERIFY", "CLICKHOUSE_VERIFY is not a setting here; write CH_CA_CERT for a private CA"),
    ("CLICKHOUSE_MCP_BIND_PORT", "CLICKHOUSE_MCP_BIND_PORT is not a setting here; write the options --transport"),
    ("CHDB_DATA_PATH", "CHDB_DATA_PATH is not a setting here; write CH_PATH."),
]
ADDRESSES = [
    (
        "https://h:8443",
        "of the HTTP interface, while the native protocol is spoken here; write CH_HOST=h, CH_PORT=9440.",
    ),
    ("http://h", "; write CH_HOST=h, CH_PORT=9000, CH_SECURE=false."),
    ("https://h:19443/", "; write CH_HOST=h, CH_PORT=19443."),
    ("clickhouse://bob:hush@h:9441/facts?secure=1", "; write CH_HOST=h, CH_PORT=9441, the account into CH_USERNAME"),
    ("clickhouse://bob:hush@h/facts", "and CH_PASSWORD, CH_DATABASE=facts."),
    ("clickhouse://bob:12#hush@h", "CH_HOST takes a host name or an IP address"),
    ("bob:hush@h", "CH_HOST takes a host alone, but holds an address; write CH_HOST=h, CH_PORT=9440, the account"),
    ("h1:9440,h2:9440", "CH_HOST takes one server"),
    ("h/", None),
    ("my db", "CH_HOST takes a host name or an IP address, such as db.example.org"),
]


@pytest.mark.parametrize(("name", "sentence"), WRONG_NAMES, ids=[name for name, _ in WRONG_NAMES])
def test_another_programs_name_is_answered_with_ours(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path, name: str, sentence: str
) -> None:
    (elsewhere / ".env").write_text(f"{name}=hush-7f3a\n")
    with pytest.raises(SettingsError) as caught:
        config.load()
    assert str(caught.value).startswith(sentence)
    assert "hush" not in str(caught.value)


def test_several_of_another_programs_names_are_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLICKHOUSE_HOST", "CLICKHOUSE_USER", "CLICKHOUSE_PASSWORD"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match="for CLICKHOUSE_HOST CH_HOST; for CLICKHOUSE_USER CH_USERNAME; for"):
        config.load()


@pytest.mark.parametrize("chosen", ["CH_HOST", "CH_PATH"])
def test_another_programs_variables_may_stand_beside_a_store_that_is_named(
    monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv("CLICKHOUSE_HOST", "elsewhere")
    monkeypatch.setenv(chosen, "here")
    assert "elsewhere" not in config.load().clickhouse.where


@pytest.mark.parametrize(("address", "sentence"), ADDRESSES, ids=[address for address, _ in ADDRESSES])
def test_an_address_as_ch_host_is_taken_apart_or_answered_with_what_to_write(
    address: str, sentence: str | None
) -> None:
    if sentence is None:
        assert ClickHouseSettings(host=address).host == address.strip("/")
        return
    with pytest.raises(SettingsError) as caught:
        ClickHouseSettings(host=address)
    assert sentence in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "host", "port"),
    [
        ("h:9441", "h", 9441),
        ("[::1]:9441", "::1", 9441),
        ("[::1]", "::1", 9440),
        ("::1", "::1", 9440),
        ("h", "h", 9440),
    ],
)
def test_a_port_behind_the_host_is_taken_apart(
    monkeypatch: pytest.MonkeyPatch, given: str, host: str, port: int
) -> None:
    monkeypatch.setenv("CH_HOST", given)
    found = config.load().clickhouse
    assert (found.host, found.port) == (host, port)


def test_two_different_ports_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CH_HOST", "h:9441")
    monkeypatch.setenv("CH_PORT", "9440")
    with pytest.raises(SettingsError, match="CH_HOST names port 9441, but CH_PORT holds 9440"):
        config.load()


@pytest.mark.parametrize(("host", "port"), [("h", "8123"), ("h", "8443"), ("h:8443", "")])
def test_an_http_port_is_answered_with_the_native_one(monkeypatch: pytest.MonkeyPatch, host: str, port: str) -> None:
    monkeypatch.setenv("CH_HOST", host)
    if port:
        monkeypatch.setenv("CH_PORT", port)
    with pytest.raises(SettingsError, match=r"ClickHouse's HTTP port; write the port of the native protocol: 9440"):
        config.load()


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG, ids=[f"{n}={v}" for n, v, _ in WRONG])
def test_a_wrong_value_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        config.load()
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_another_programs_variable_of_the_same_prefix_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CH_MAGAZINE_SUBSCRIPTION", "yes")
    assert config.load().clickhouse.embedded


def test_another_programs_variable_of_our_long_prefix_is_named_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MUSE_ELSEWHERE_COLOUR", "red")
    for _ in range(2):
        assert config.load().clickhouse.embedded
    [said] = [line for line in caplog.messages if "MUSE_ELSEWHERE_COLOUR" in line]
    assert said.startswith("MUSE_ELSEWHERE_COLOUR is not a setting of this program and is left alone")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\xd8bin", bytes(range(128, 256)) * 9, b"NAME=caf\xe9\n", b"\x00" * 40])
def test_an_env_file_of_any_bytes_stops_nothing(elsewhere: Path, data: bytes) -> None:
    (elsewhere / ".env").write_bytes(data)
    assert config.load().clickhouse.embedded


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_env_file_as_windows_writes_it_is_read(elsewhere: Path, encoding: str) -> None:
    (elsewhere / ".env").write_text("CH_HOST=db\n", encoding=encoding)
    assert config.load().clickhouse.host == "db"


def test_an_env_file_of_ours_in_another_encoding_is_one_sentence(elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(b"# caf\xe9\nCH_HOST=db\nCH_PASSWORD=hush-7f3a\n")
    with pytest.raises(
        SettingsError, match="not text in UTF-8, but sets CH_HOST, CH_PASSWORD; save it as UTF-8"
    ) as caught:
        config.load()
    assert "hush" not in str(caught.value)


def test_the_environment_goes_before_the_env_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / ".env").write_text("CH_PORT=9001\nCH_USERNAME=file\n")
    monkeypatch.setenv("CH_USERNAME", "environment")
    settings = config.load().clickhouse
    assert (settings.port, settings.username) == (9001, "environment")


def test_importing_keeps_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CH_PORT", "9001")
    assert config.clickhouse.port == 9001
    monkeypatch.setenv("CH_PORT", "9002")
    assert config.clickhouse.port == 9002


def test_a_password_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CH_PASSWORD", "hush-7f3a")
    monkeypatch.setenv("CH_HOST", "db")
    settings = config.load().clickhouse
    assert settings.password.get_secret_value() == "hush-7f3a"
    engine = make_engine(settings)
    for shown in (repr(settings), str(settings), str(engine.url), repr(engine), settings.where):
        assert "hush-7f3a" not in shown


def test_ch_host_unset_or_blank_means_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "  "):
        monkeypatch.delenv("CH_HOST", raising=False)
        if value is not None:
            monkeypatch.setenv("CH_HOST", value)
        assert config.load().clickhouse.embedded


def test_ch_path_is_where_the_embedded_store_is(tmp_path: Path) -> None:
    executor = Executor(ClickHouseSettings(path=str(tmp_path / "here")))
    assert executor.scalar("SELECT 1") == 1
    executor.close()
    assert (tmp_path / "here" / "muse.lock").exists()


def test_ch_path_defaults_to_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert ClickHouseSettings().store_path == str(tmp_path / "chimera-metrics" / "store")


def test_ch_database_is_the_database_that_statements_run_in(embedded: ClickHouseSettings) -> None:
    for database in ("chimera_metrics", "another"):
        executor = Executor(embedded.model_copy(update={"database": database}))
        assert executor.scalar("SELECT currentDatabase()") == database
        executor.close()


def test_ch_username_and_ch_password_open_the_server(native: ClickHouseSettings) -> None:
    executor = Executor(native)
    assert native.username == "muse"
    assert native.password.get_secret_value() == PASSWORD
    assert executor.scalar("SELECT 1") == 1
    executor.close()


def test_ch_compression_sends_fewer_bytes(native: ClickHouseSettings) -> None:
    sent = {}
    for compression in (True, False):
        with counting_proxy(native.port) as (port, counted):
            executor = Executor(native.model_copy(update={"compression": compression, "port": port}))
            rows = executor.read("SELECT repeat('text again ', 100) FROM numbers(5000)").rows
            assert len(rows) == 5000
            executor.close()
        sent[compression] = sum(counted)
    assert sent[True] < sent[False] / 5


@contextlib.contextmanager
def counting_proxy(target: int) -> Iterator[tuple[int, list[int]]]:
    """A port of this machine that passes one connection on to `target`, and the sizes of what came back."""
    counted: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = threading.Thread(target=_pass_on, args=(listener, target, counted), daemon=True)
        worker.start()
        yield listener.getsockname()[1], counted
    worker.join(5)


def _pass_on(listener: socket.socket, target: int, counted: list[int]) -> None:
    client, _ = listener.accept()
    with client, socket.create_connection(("127.0.0.1", target)) as server:
        pairs = {client: server, server: client}
        selector = selectors.DefaultSelector()
        for end in pairs:
            selector.register(end, selectors.EVENT_READ, end)
        while True:
            for key, _ in selector.select():
                ready: socket.socket = key.data
                data = ready.recv(65536)
                if not data:
                    return
                pairs[ready].sendall(data)
                if ready is server:
                    counted.append(len(data))


def test_muse_max_rows_and_muse_max_result_bytes_bound_an_answer(settings: ClickHouseSettings) -> None:
    muse = MuseSettings(max_rows=5, max_result_bytes=2_000)
    with ClickHouseClient(settings, muse) as client:
        assert client.query("SELECT number FROM numbers(100)", max_rows=5)["row_count"] == 5
        answer = client.query("SELECT repeat('x', 400) FROM numbers(5)", max_rows=5)
    assert answer["row_count"] == 2
    assert "2000 bytes" in answer["truncated_reason"]


def test_muse_masking_false_stores_text_as_it_came(settings: ClickHouseSettings) -> None:
    row = {"source": "council", "model": "m", "operation": "o", "status": "failure", "error_msg": "a@example.org"}
    stored = []
    for masking in (True, False):
        with ClickHouseClient(settings, MuseSettings(masking=masking)) as client:
            client.executor.command("TRUNCATE TABLE llm_events")
            client.insert_llm_event(row, idempotency_key=f"masking {masking}")
            stored.append(client.execute_query("SELECT error_msg FROM llm_events")[0]["error_msg"])
            client.executor.command("TRUNCATE TABLE llm_events")
            client.executor.command("TRUNCATE TABLE insert_ledger")
    assert stored == ["[email]", "a@example.org"]


def test_muse_tools_offers_only_its_groups() -> None:
    from chimera_metrics.server.catalog.tools import all_tools

    groups = {tool.group for tool in all_tools()}
    assert groups == {"query", "get", "insert", "watch"}


def test_every_setting_says_what_it_means() -> None:
    for name, (group, field) in config.variables().items():
        assert group.model_fields[field].description, name
    assert "CH_HOST" in config.variables()
    assert not set(config.variables()) & set(os.environ)


@pytest.mark.parametrize(
    "wrong", ["memroy", "redis://", "http://u:hush@h", "redis://u:hush@h:99999", "redis://u:hush@[h"]
)
def test_a_wrong_cache_is_told_what_there_is_and_not_shown(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("MUSE_CACHE", wrong)
    with pytest.raises(
        SettingsError, match="MUSE_CACHE holds a value that cannot be read, but takes off, memory, or"
    ) as said:
        config.load()
    assert "hush" not in str(said.value)


def test_a_redis_s_password_is_not_shown() -> None:
    muse = MuseSettings(cache="redis://u:hush@redis.example:6379/0")
    assert muse.redis_url == "redis://u:hush@redis.example:6379/0"
    assert "hush" not in repr(muse) + str(muse.model_dump())
    assert (MuseSettings(cache=" OFF ").caches, MuseSettings().caches, MuseSettings().redis_url) == (False, True, None)


@pytest.mark.parametrize(("servers", "share"), [(1, 10), (3, 4), (100, 1)])
def test_a_rate_is_divided_by_the_servers_and_never_to_nothing(servers: int, share: int) -> None:
    assert MuseSettings(servers=servers).share_of(10) == share
    assert MuseSettings(servers=servers).share_of(0) == 0
