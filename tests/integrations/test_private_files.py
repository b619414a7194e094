"""Files for their owner alone, as another user of the machine would try to get at them."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chimera_metrics.integrations.private_files import (
    is_foreign_link,
    open_private,
    open_to_others,
    own_folder,
    private_folder,
    replace_private,
    write_named,
)

WRITE = os.O_WRONLY | os.O_CREAT | os.O_APPEND
NOBODY = 65534


@pytest.fixture(params=[0o022, 0o000, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_what_is_made_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    private_folder(tmp_path / "a" / "b")
    os.close(open_private(tmp_path / "a" / "b" / "file", WRITE))
    replace_private(tmp_path / "a" / "b" / "whole", b"all")
    assert [mode(tmp_path / name) for name in ("a", "a/b")] == [0o700, 0o700]
    assert [mode(tmp_path / "a" / "b" / name) for name in ("file", "whole")] == [0o600, 0o600]


def test_a_folder_that_stands_stays_as_it_is_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared").chmod(0o755)
    private_folder(tmp_path / "shared")
    assert open_to_others([tmp_path / "shared", tmp_path / "missing"]) == [(tmp_path / "shared", "mode 0755")]
    (tmp_path / "shared").chmod(0o700)
    assert open_to_others([tmp_path / "shared"]) == []


def link(path: Path, target: Path) -> None:
    path.symlink_to(target)


def dangling(path: Path, target: Path) -> None:
    path.symlink_to(target.with_name("not there"))


def second_name(path: Path, target: Path) -> None:
    os.link(target, path)


def pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, _: Path) -> None:
    path.mkdir()


TRAPS: list[tuple[Callable[[Path, Path], None], str]] = [
    (link, "it is a link"),
    (dangling, "it is a link"),
    (second_name, "it has a second name"),
    (pipe, "."),
    (folder, "."),
]


@pytest.mark.parametrize(("trap", "why"), TRAPS, ids=[trap.__name__ for trap, _ in TRAPS])
@pytest.mark.parametrize("flags", [WRITE, os.O_RDWR | os.O_CREAT | os.O_TRUNC, os.O_RDONLY], ids=["add", "cut", "read"])
def test_what_is_no_plain_file_of_one_name_is_not_opened_and_not_touched(
    tmp_path: Path, trap: Callable[[Path, Path], None], why: str, flags: int
) -> None:
    target = tmp_path / "target"
    target.write_text("theirs")
    trap(tmp_path / "trap", target)
    with pytest.raises(OSError, match=r".") as raised:
        os.close(open_private(tmp_path / "trap", flags))
    assert raised.value.strerror is not None
    assert why in raised.value.strerror + "."
    assert target.read_text() == "theirs"
    assert not target.with_name("not there").exists()


@pytest.mark.parametrize("target", ["folder", "missing"])
def test_a_folder_that_is_a_link_is_not_ours(tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / target)
    with pytest.raises(OSError, match=r"it is a link|not a folder"):
        own_folder(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_what_another_user_made_is_not_ours(tmp_path: Path) -> None:
    for name in ("folder", "file", "link"):
        path = tmp_path / name
        if name == "folder":
            path.mkdir()
        elif name == "file":
            path.touch()
        else:
            path.symlink_to(tmp_path)
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(PermissionError, match="it belongs to another user"):
        own_folder(tmp_path / "folder")
    with pytest.raises(PermissionError, match="it belongs to another user"):
        open_private(tmp_path / "file", WRITE)
    os.close(open_private(tmp_path / "file", WRITE, any_owner=True))
    assert is_foreign_link(str(tmp_path / "link"))
    assert open_to_others([tmp_path / "folder"]) == [(tmp_path / "folder", "belongs to another user")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_named_file_is_written_through_a_link_of_one_s_own_alone(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    write_named(link, b"ours")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(OSError, match="it is a link that another user made"):
        write_named(link, b"theirs")
    assert target.read_bytes() == b"ours"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_nobody_reads_or_locks_what_is_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path / "store")
    os.close(open_private(tmp_path / "store" / "muse.lock", WRITE))
    for words in (["cat", "store/muse.lock"], ["flock", "-n", "store/muse.lock", "true"], ["ls", "store"]):
        done = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Permission denied" in done.stderr
