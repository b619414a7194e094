"""Whatever a store, its files and its settings hold, no command writes a character that a terminal would obey."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.apps.terminal import EscapedStream, OneLine
from chimera_metrics.integrations.audit.trail import AuditFile, AuditLine, audit_folder, now
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.unseen import printable, printable_json
from chimera_metrics.integrations.writing.ledger import Identity
from chimera_metrics.integrations.writing.quarantine import QuarantinedBatch, quarantine_folder

ROOT = Path(__file__).parents[2]
MUSE = Path(sys.executable).with_name("muse")
SIGNS = "\x1b\x07\x08\x7f\x85\x9b\u061c\u200b\u200e\u200f\u202a\u202e\u2028\u2029\u2060\u2066\u2069\ufeff\U000e0041"
EVIL = f"EVIL{SIGNS}[2J\r\n2026-01-01 root admin FORGED"
ANSWER: dict[str, Any] = {
    **dict.fromkeys(("received", "inserted"), 1),
    **dict.fromkeys(("duplicates", "replaced", "rejected_count", "quarantined"), 0),
    "table": "episodes",
    "batch_id": "x",
    "rejected": [],
    "masked": {},
    "rounded": {},
    "note": None,
}
IN_A_NAME = f"EVIL{SIGNS}[2J"


def obeyed(text: str) -> set[str]:
    """The characters of an output that a terminal obeys or a reader does not see, but for line ends."""
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")} - {"\n", "\t"}


@dataclass
class Evil:
    """A place full of such texts."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        muse = MuseSettings(audit_dir=Path(self.variables["MUSE_AUDIT_DIR"]))
        return Settings(ClickHouseSettings(path=self.variables["CH_PATH"]), muse)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
        environment = clean | {"PYTHONUTF8": "1"} | self.variables | variables
        command = [str(MUSE), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=120
        )


@pytest.fixture(scope="module")
def evil(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Evil:
    folder = tmp_path_factory.mktemp("evil")
    names = {name: str(folder / f"{name} {IN_A_NAME}") for name in ("audit", "backups", "source", "tokens.json")}
    store = folder / f"store {IN_A_NAME}"
    shutil.copytree(embedded.path, store, symlinks=True)
    made = Evil(folder, {"CH_PATH": str(store), "MUSE_AUDIT_DIR": names["audit"], "MUSE_BACKUP_DIR": names["backups"]})
    made.variables |= {"MUSE_SOURCE_DIR": names["source"], "MUSE_TOKENS_FILE": names["tokens.json"]}
    fill(made)
    return made


def fill(evil: Evil) -> None:
    settings = evil.settings
    call = "61f0c404-5cb3-11e7-907b-a6006ad3dba0"
    line = AuditLine(now(), call, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, "", 1, 2, 3.5, "ok", EVIL)
    AuditFile(audit_folder(settings)).append(line)
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        client.ensure_schema()
        client.insert_episode({"series": EVIL, "episode_num": 1, "title": EVIL, "status": EVIL})
        client.insert_llm_event({"source": EVIL, "model": EVIL, "operation": EVIL, "status": EVIL, "error_msg": EVIL})
        client.executor.command("CREATE TABLE foreign (`x\u202e` String COMMENT '\u202e\x1b[2J') ENGINE = Log")
        client.executor.command("INSERT INTO retention_rules (table_name, set_by) VALUES ('episodes', '\x1b[2J\u202e')")
        client.quarantine.folder.mkdir(parents=True)
        (client.quarantine.folder / f"episodes {IN_A_NAME}.batch").write_text(f"not JSON {EVIL}")
        keep(client, settings)
    source = Path(evil.variables["MUSE_SOURCE_DIR"])
    source.mkdir()
    rows = [{"series": EVIL, "episode_num": EVIL, EVIL: EVIL, "title": EVIL}, {"episode_num": 1, EVIL: 2}]
    (source / f"episodes.{IN_A_NAME}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    token = {"token_id": "a" * 12, "name": EVIL, "role": "reader", "secret_hash": "0", "created": EVIL, "expires": None}
    Path(evil.variables["MUSE_TOKENS_FILE"]).write_text(json.dumps([token]))
    Path(evil.variables["MUSE_TOKENS_FILE"]).chmod(0o600)


def keep(client: ClickHouseClient, settings: Settings) -> None:
    moment = datetime.now(UTC)
    kept = QuarantinedBatch(
        *(quarantine_folder(settings.clickhouse), Identity("episodes", EVIL, "0" * 64), True, moment, moment, EVIL, 1),
        *(["ts", "series"], ["DateTime64(3, 'UTC')", "String"], ANSWER),
    )
    client.quarantine.keep(kept, [[moment], [EVIL]])


COMMANDS = [
    "audit",
    "audit --json",
    "audit --who EVIL",
    "audit --since EVIL",
    "query EVIL",
    "query FROM/**/episodes/**/SELECT/**/*",
    "query FROM/**/episodes/**/SELECT/**/* --json",
    "describe EVIL",
    "describe episodes",
    "status",
    "status --json",
    "verify",
    "verify --json",
    "quarantine list",
    "quarantine list --json",
    "quarantine replay",
    "quarantine replay --json",
    "quarantine replay EVIL",
    "token list",
    "token revoke EVIL",
    "token create EVIL",
    "token create fine",
    "retention show",
    "retention show --json",
    "retention apply",
    "retention set EVIL 3",
    "backfill --days 9",
    "backfill --days 9 --json",
    "backfill --days 9 --source EVIL",
    "backup list",
    "backup list --json",
    "backup create --name EVIL",
    "backup create --json",
    "backup verify EVIL",
    "restore --to EVIL",
    "roles plan --user EVIL",
    "check",
    "check --json",
    "history",
    "adopt",
    "adopt --json",
    "upgrade",
    "upgrade --sql",
    "upgrade EVIL",
    "EVIL",
    "audit --EVIL",
    "audit EVIL",
    "serve --transport http --host EVIL",
    "audit --ship",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_escapes_all_that_others_wrote(evil: Evil, command: str) -> None:
    done = evil.run(*(word.replace("EVIL", EVIL) for word in command.split()))
    assert obeyed(done.stdout) == obeyed(done.stderr) == set()
    assert "\n2026-01-01 root admin FORGED" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if "--json" in command:
        for line in done.stdout.splitlines():
            json.loads(line)


def test_json_says_what_the_store_holds(evil: Evil) -> None:
    lines = [json.loads(line) for line in evil.run("audit", "--json").stdout.splitlines()]
    assert EVIL in [line["client"] for line in lines]


@pytest.mark.parametrize("name", ["CH_PORT", "CH_HOST", "MUSE_TOOLS", "CH_PATH", "MUSE_URL"])
def test_a_setting_that_is_wrong_is_escaped_too(evil: Evil, name: str) -> None:
    done = evil.run("status", **{name: IN_A_NAME})
    assert obeyed(done.stdout) == obeyed(done.stderr) == set()


def test_a_server_says_what_goes_wrong_in_escapes(evil: Evil) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": EVIL, "version": EVIL}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "id": 2, "method": EVIL, "params": {}},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": EVIL, "arguments": {EVIL: EVIL}}},
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    done = subprocess.run(
        [MUSE, "serve"],
        input="".join(json.dumps(message) + "\n" for message in messages) + f"not JSON {IN_A_NAME}\n",
        env=environment | {"PYTHONUTF8": "1"} | evil.variables,
        cwd=evil.folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert obeyed(done.stderr) == set()
    assert "\n2026-01-01 root admin FORGED" not in done.stderr


# -- the pieces ----------------------------------------------------------------------------------------------------


def test_escapes_are_those_of_python() -> None:
    assert printable("a\x1b[2J\u202eb\U000e0041\n") == "a\\x1b[2J\\u202eb\\U000e0041\\n"
    assert printable("a\tb\n\r", lines=True) == "a\tb\n\\r"
    assert printable("naïve 漢字 – “quoted” … \ud800") == "naïve 漢字 – “quoted” … \\ud800"


def test_every_sign_of_control_and_direction_is_escaped() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    visible = re.compile("^(ARABIC|SYRIAC|KAITHI|EGYPTIAN)")  # numbers' signs and joined hieroglyphs are seen
    assert {char for char in obeyed(printable(everything)) if not visible.match(unicodedata.name(char, ""))} == set()


def test_json_keeps_its_meaning() -> None:
    text = json.dumps({EVIL: [EVIL, "é"]}, ensure_ascii=False)
    assert obeyed(printable_json(text)) == set()
    assert json.loads(printable_json(text)) == {EVIL: [EVIL, "é"]}


def test_the_log_keeps_a_record_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(IN_A_NAME)
    except ValueError as fault:
        record = logging.LogRecord("x", 30, "", 1, "%s", (EVIL,), (ValueError, fault, fault.__traceback__))
    first, *rest = OneLine("%(message)s").format(record).split("\n")
    assert first == printable(EVIL)
    assert obeyed("".join(rest)) == set()
    with contextlib.redirect_stdout(EscapedStream(sys.stdout)):
        sys.stdout.write(EVIL)
    assert obeyed(capsys.readouterr().out) == set()


def test_commands_print_through_one_place() -> None:
    for path in (ROOT / "apps").glob("*.py"):
        if path.name not in ("tables.py", "demo.py"):
            assert not re.search(r"\b(?:echo|secho|print)\(", re.sub(r"\.print\(table\)", "", path.read_text())), path
