"""Files that only their owner may read: 0600 in folders of 0700, whatever the umask, and never through a link.

A name in a folder that others may write can lead anywhere: to a link, to a second name of another file, to a file that
somebody else keeps open. What is opened here is a plain file with one name, or an OSError says in words why not.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_LINK = "it is a link, and links are not followed"
_NOT_OURS = "it belongs to another user"


def private_folder(path: Path) -> None:
    """Makes the folder, and those above it that are missing, for their owner alone. One that stands stays as it is."""
    missing = []
    here = path
    while not os.path.lexists(here):
        missing.append(here)
        here = here.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:  # another process was quicker
            continue
        if stat.S_IMODE(folder.stat().st_mode) != 0o700:  # a umask that takes rights from the owner
            folder.chmod(0o700)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is not a folder", str(path))


def own_folder(path: Path) -> None:
    """Like `private_folder`, and raises OSError for a link and for a folder that somebody else made."""
    private_folder(path)
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, _LINK, str(path))
    if not _trusted(found.st_uid):
        raise PermissionError(errno.EPERM, _NOT_OURS, str(path))


def open_private(path: Path, flags: int, *, any_owner: bool = False) -> int:
    """A descriptor of a plain file, which is made for its owner alone where `flags` say so.

    Raises OSError for a link, for a file with a second name and, unless `any_owner`, for another user's.
    """
    # Not blocking, or a pipe of that name would hold the caller until somebody writes to it.
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        # Cut only when it is known to be the right one.
        descriptor = os.open(path, flags & ~os.O_TRUNC, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, _LINK, str(path)) from None
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has a second name, which may be anybody's file", str(path))
        if not any_owner and not _trusted(found.st_uid):
            raise PermissionError(errno.EPERM, _NOT_OURS, str(path))
        if flags & os.O_CREAT and found.st_size == 0 and found.st_uid == os.geteuid():
            os.fchmod(descriptor, 0o600)  # a umask that takes rights from the owner, or an older version made it
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_private(path: Path) -> bytes:
    """What the file holds. Raises OSError as `open_private` does."""
    with open(open_private(path, os.O_RDONLY), "rb") as file:
        return file.read()


def replace_private(path: Path, body: bytes) -> None:
    """Writes the file whole: a reader finds the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    with open(open_private(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(body)
    fresh.replace(path)


def write_named(path: Path, body: bytes) -> None:
    """Writes a file that the user named, for whoever the umask lets read it: not through another user's link."""
    if is_foreign_link(str(path)):
        raise OSError(errno.ELOOP, "it is a link that another user made", str(path))
    path.write_bytes(body)


def is_foreign_link(path: str) -> bool:
    """Whether the name is a link that somebody else made: who made it says where it leads."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(found.st_mode) and not _trusted(found.st_uid)


def open_to_others(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Those of `paths` that other users may reach into, each with what lets them: its mode, or its owner."""
    found = []
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            continue
        mode = stat.S_IMODE(state.st_mode)
        if not _trusted(state.st_uid):
            found.append((path, "belongs to another user"))
        elif mode & 0o077:
            found.append((path, f"mode {mode:04o}"))
    return found


def _trusted(owner: int) -> bool:
    """Whether a file of that user is as good as our own: root can read and change everything anyway."""
    return owner in (os.geteuid(), 0)
