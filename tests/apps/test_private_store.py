"""What other users of the machine find of a store: nothing, and `muse status` says where that is not so."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import mcp
import pytest

from chimera_metrics.integrations.audit.trail import AuditFailed, AuditFile, AuditLine, audit_folder
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.errors import StoreUnusable
from tests.apps.support import Shell
from tests.server.processes import MUSE, http
from tests.server.test_token_places import variables

LINE = AuditLine("2026-01-02T03:04:05Z", "", "w", "", "", "query", "{}", "", "", 0, 0, 0.0, "ok", "")
NOBODY = 65534


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def opened(folder: Path) -> dict[str, str]:
    """Everything below `folder` that others than the owner have any right on."""
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in folder.rglob("*")
        if path.lstat().st_mode & 0o077 and not path.is_symlink()
    }


def use(environment: dict[str, str]) -> None:
    """A server that stores, reads, and has a token; then the commands that write files."""
    subprocess.run([MUSE, "token", "create", "ci"], env=environment | {"MUSE_AUDIT": "0"}, check=True)
    os.unlink(next(Path(environment["XDG_DATA_HOME"]).rglob("*tokens.json")))
    with http(environment) as (url, _):

        async def session() -> None:
            async with mcp.Client(url) as client:
                await client.call_tool("insert_episodes", {"rows": [{"series": "s", "episode_num": 1}]})
                await client.call_tool("query", {"sql": "SELECT 1"})

        anyio.run(session)
    for words in (["token", "create", "ci"], ["audit", "--ship"], ["backup", "create"], ["status"]):
        subprocess.run([MUSE, *words], env=environment, check=True, capture_output=True)


@pytest.mark.parametrize("given", [False, True], ids=["default", "CH_PATH"])
def test_everything_is_its_owners_alone(tmp_path: Path, given: bool) -> None:
    data = tmp_path / "data"
    environment = variables(data) | ({"CH_PATH": str(data / "srv" / "store")} if given else {})
    use(environment)
    found = list(data.rglob("*"))
    names = {path.name for path in found}
    assert {"muse.lock", "muse.queue", "store-tokens.json", "shipped.json", "store-audit"} <= names
    assert opened(data) == {}


def test_within_a_wide_folder_the_files_are_private_and_status_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "store").mkdir(parents=True)
    environment = variables(data, CH_PATH=str(data / "store"))
    use(environment)
    assert opened(data / "store") == {}
    shell = Shell(**{name: value for name, value in environment.items() if name.startswith(("CH_", "XDG"))})
    [line] = [check for check in shell.json("muse", "status")["checks"] if check["name"] == "files"]
    assert line["level"] == "warning"
    assert line["figure"] == f"{data / 'store'} (mode 0755)"
    assert f"`chmod -R go-rwx {data / 'store'}`" in line["advice"]
    subprocess.run(["chmod", "-R", "go-rwx", data / "store"], check=True)
    assert "files" not in [check["name"] for check in shell.json("muse", "status")["checks"]]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_nobody_reads_the_rows_and_locks_nobody_out(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and len(folder.parts) > 3:
            folder.chmod(0o755)
    use(variables(tmp_path, CH_PATH=str(tmp_path / "store")))
    tries = [
        "ls store",
        "cat store/muse.lock",
        "flock -n store/muse.lock true",
        "ls store-audit",
        "cat store-tokens.json",
    ]
    for words in tries:
        done = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c", words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Permission denied" in done.stderr, words


def settings(path: str) -> Settings:
    return Settings(ClickHouseSettings(path=path), MuseSettings())


def test_the_audit_of_a_throw_away_has_a_folder_that_nobody_could_make_before() -> None:
    folder = audit_folder(settings(":memory:"))
    assert folder == audit_folder(settings(":memory:"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert str(os.getpid()) not in folder.name
    folder.rmdir()
    audit_folder.__globals__["_throw_away_folder"].cache_clear()


@pytest.mark.parametrize("trap", ["folder", "file", "pipe"])
def test_the_audit_follows_no_link(tmp_path: Path, trap: str) -> None:
    victim = tmp_path / "victim"
    folder = audit_folder(settings(str(tmp_path / "store")))
    if trap == "folder":
        victim.mkdir()
        folder.symlink_to(victim)
    else:
        folder.mkdir()
        path = folder / "calls-2026-01-02.jsonl"
        victim.touch()
        path.symlink_to(victim) if trap == "file" else os.mkfifo(path)
    with pytest.raises(AuditFailed, match=r"it is a link|No such device|not a plain file"):
        AuditFile(folder).append(LINE)
    assert list(victim.iterdir()) == [] if victim.is_dir() else victim.read_bytes() == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_folders_and_links_of_others_are_refused(tmp_path: Path) -> None:
    folder = audit_folder(settings(str(tmp_path / "store")))
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(AuditFailed, match="it belongs to another user"):
        AuditFile(folder).append(LINE)
    (tmp_path / "link").symlink_to(tmp_path)
    os.chown(tmp_path / "link", NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(StoreUnusable, match="a link that another user made"):
        open_store(str(tmp_path / "link"))


@pytest.mark.parametrize("name", ["muse.lock", "muse.queue"])
def test_the_locks_follow_no_link(tmp_path: Path, name: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "store" / name).symlink_to(tmp_path / "victim")
    with pytest.raises(StoreUnusable, match=f"{name} of the embedded store cannot be used .it is a link"):
        open_store(str(tmp_path / "store")).take({})
    assert (tmp_path / "victim").read_text() == "theirs"
