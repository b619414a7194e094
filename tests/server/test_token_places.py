"""Where tokens lie: beside the data that they open, and still where version 0.1 kept them."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings, tokens_file
from chimera_metrics.integrations.errors import InvalidInput, SettingsError
from chimera_metrics.server.http.serving import tokens_in_words
from chimera_metrics.server.http.tokens import TokenFile, Tokens, tokens_of
from tests.server.processes import MUSE, ROOT, http
from tests.server.test_tokens import ask


def variables(folder: Path, **muse: str) -> dict[str, str]:
    """Of a user whose data lie in `folder`, and of nothing else."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    return clean | {"XDG_DATA_HOME": str(folder)} | muse


def create(environment: dict[str, str], name: str = "ci") -> str:
    done = subprocess.run(
        [MUSE, "token", "create", name], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def settings(**clickhouse: Any) -> Settings:
    return Settings(ClickHouseSettings(**clickhouse), MuseSettings())


def test_each_store_has_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    data = tmp_path / "chimera-metrics"
    assert tokens_file(settings()) == data / "store-tokens.json"
    assert tokens_file(settings(path=str(tmp_path / "a"))) == tmp_path / "a-tokens.json"
    assert tokens_file(settings(path=":memory:")) == data / "tokens" / "memory.json"
    server = settings(host="ch.example.org", database="d1")
    assert tokens_file(server) == data / "tokens" / "ch.example.org-9440-d1.json"
    named = Settings(ClickHouseSettings(), MuseSettings(tokens_file=tmp_path / "t.json"))
    assert [file.path for file in (tokens_of(named).own,)] == [tmp_path / "t.json"]
    assert tokens_of(named).earlier is None


def test_the_tokens_of_one_store_open_no_other(tmp_path: Path) -> None:
    first, second = (variables(tmp_path, CH_PATH=str(tmp_path / name)) for name in ("a", "b"))
    ours, theirs = create(first), create(second)
    with http(first | {"MUSE_STATELESS": "true"}) as (url, _):
        assert ask(url, ours) == 200
        assert ask(url, theirs) == 401


def test_a_server_that_had_tokens_keeps_them_and_says_where(tmp_path: Path) -> None:
    earlier = TokenFile(tmp_path / "chimera-metrics" / "tokens.json")
    token = earlier.create("old", "reader", None)
    environment = variables(tmp_path, CH_PATH=str(tmp_path / "store"), MUSE_STATELESS="true")
    process = subprocess.Popen(
        [MUSE, "serve", "--transport", "http", "--port", "0"],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    url = process.stderr.readline().removeprefix("Listening on ").strip()
    said = process.stderr.readline()
    found = [ask(url, token), ask(url, create(environment, "new")), ask(url, "muse_x")]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert f"Tokens are read from {earlier.path} too, where version 0.1 kept them" in said
    assert found == [200, 200, 401]


def test_an_earlier_file_that_is_damaged_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "chimera-metrics" / "tokens.json"
    path.parent.mkdir()
    path.write_text("[oops")
    done = subprocess.run(
        [MUSE, "serve", "--transport", "http", "--port", "0"],
        env=variables(tmp_path, CH_PATH=str(tmp_path / "store")),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"The tokens file {path} holds no tokens or cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_whose_tokens_are_all_revoked_opens_to_nobody(tmp_path: Path) -> None:
    environment = variables(tmp_path, CH_PATH=str(tmp_path / "store"), MUSE_STATELESS="true")
    token = create(environment)
    TokenFile(tmp_path / "store-tokens.json").revoke("ci")
    with http(environment) as (url, _):
        assert ask(url, token) == 401


def test_names_are_taken_once_and_revoked_wherever_they_are(tmp_path: Path) -> None:
    tokens = Tokens(TokenFile(tmp_path / "own.json"), TokenFile(tmp_path / "earlier.json"))
    text = TokenFile(tmp_path / "earlier.json").create("old", "reader", None)
    with pytest.raises(InvalidInput, match=r"already, in .*earlier\.json"):
        tokens.create("old", "reader", None)
    tokens.create("new", "reader", None)
    assert tokens.verify(text) is not None
    tokens.revoke("old")
    assert tokens.verify(text) is None
    assert [token.name for token in tokens.tokens()] == ["new"]
    with pytest.raises(InvalidInput, match="There is no token 'old'; there are: new"):
        tokens.revoke("old")


DAMAGED = [
    b"[oops",
    b"7",
    b"{}",
    b"[7]",
    b"[null]",
    b'[{"token_id": "a"}]',
    b'[{"token_id":7,"name":"a","role":"reader","hash":"","created":"","expires":null}]',
    *(
        b'[{"token_id":"000000000000","name":"a","role":"%s","hash":"%s","created":"","expires":%s}]' % words
        for words in (
            (b"boss", b"0" * 64, b"null"),
            (b"reader", b"\xc3\xa9", b"null"),
            (b"reader", b"0" * 64, b"7"),
            (b"reader", b"0" * 64, b'"soon"'),
            (b"reader", b"0" * 64, b'"2026-01-02T03:04:05"'),
        )
    ),
    b"\xff\xfe",
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", DAMAGED, ids=[f"{body[:20]!r}{index}" for index, body in enumerate(DAMAGED)])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "tokens.json").write_bytes(body)
    with pytest.raises(SettingsError, match="holds no tokens or cannot be read"):
        TokenFile(tmp_path / "tokens.json").tokens()


@pytest.mark.parametrize("where", ["tokens.json", "tokens.json.lock", "tokens.json.new"])
def test_no_link_is_followed(tmp_path: Path, where: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    (tmp_path / where).symlink_to(victim)
    with pytest.raises(SettingsError, match="it is a link"):
        TokenFile(tmp_path / "tokens.json").create("ci", "reader", None)
    assert victim.read_text() == "theirs"


def test_several_servers_are_told_to_share_their_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    at = ClickHouseSettings(host="db.example")
    several, one = (Settings(at, MuseSettings(servers=servers)) for servers in (2, 1))
    TokenFile(tokens_file(several)).create("ada", "reader", None)
    shared = Settings(at, MuseSettings(servers=2, tokens_file=tokens_file(several)))
    for settings, told in ((several, True), (one, False), (shared, False)):
        assert any("for all in MUSE_TOKENS_FILE" in line for line in tokens_in_words(settings)) is told
