"""The lock on an embedded store's folder, which one process holds while others wait for it.

Two files in the folder carry it:

- `muse.lock`: locked by the process that has the store; its text names the holder.
- `muse.queue`: locked, shared, by every process that waits, so that the holder can see that somebody does.

Both locks are flock(2) locks: the kernel drops them when a process dies, so a crash leaves nothing to clean up. The
engine locks a file of its own, `status`, which a process that was killed may hold for a moment longer than these.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from chimera_metrics.integrations.errors import StoreBusy, StoreUnusable
from chimera_metrics.integrations.private_files import open_private, private_folder

# A waiting process tries the lock this often; an idle holder looks for waiters about as often.
POLL_S = 0.01
# How long a process that was killed may take to give back the engine's own lock.
_DYING_S = 3.0


class StoreLock:
    """This process's hold on one folder."""

    def __init__(self, path: str, wait_s: float) -> None:
        self.path = path
        self.wait_s = wait_s
        self._lock: IO[str] | None = None
        self._queue: IO[str] | None = None

    def acquire(self, deadline: float) -> None:
        """Makes the folder if need be, and waits for its lock until `deadline`, a time of the monotonic clock."""
        self._prepare_folder()
        lock, queue = self._open_files()
        try:
            self._wait(lock, queue, deadline)
            self._wait_for_engine(deadline)
            lock.seek(0)
            lock.truncate()
            json.dump({"pid": os.getpid(), "program": _program(), "since": datetime.now(UTC).isoformat()}, lock)
            lock.flush()
        except BaseException:
            lock.close()
            queue.close()
            raise
        self._lock, self._queue = lock, queue

    def release(self) -> None:
        for file in (self._lock, self._queue):
            if file is not None:
                file.close()
        self._lock = self._queue = None

    def is_wanted(self) -> bool:
        """Whether another process waits for the lock that this one holds."""
        if self._queue is None:
            return False
        if not _try_lock(self._queue, fcntl.LOCK_EX):
            return True
        fcntl.flock(self._queue, fcntl.LOCK_UN)
        return False

    def _prepare_folder(self) -> None:
        folder = Path(self.path)
        try:
            private_folder(folder)
        except (FileExistsError, NotADirectoryError):
            raise StoreUnusable(f"CH_PATH names {self.path}, which is not a folder; name a folder.") from None
        except OSError as error:
            raise StoreUnusable(
                f"The folder of the embedded store, {self.path}, cannot be made ({error.strerror}); "
                "set CH_PATH to a folder that you may write."
            ) from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StoreUnusable(
                f"The folder of the embedded store, {self.path}, cannot be written; "
                "set CH_PATH to a folder that you may write."
            )

    def _open_files(self) -> tuple[IO[str], IO[str]]:
        lock = self._open_file("muse.lock")
        try:
            return lock, self._open_file("muse.queue")
        except BaseException:
            lock.close()
            raise

    def _open_file(self, name: str) -> IO[str]:
        path = Path(self.path) / name
        try:
            # Of any owner: one lock serves all users who share a folder on purpose.
            return os.fdopen(
                open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, any_owner=True), "a+", encoding="utf-8"
            )
        except OSError as error:
            raise StoreUnusable(
                f"The file {path} of the embedded store cannot be used ({error.strerror}); remove it if it is not "
                "yours, or set CH_PATH to a folder that you may write."
            ) from None

    def _wait(self, lock: IO[str], queue: IO[str], deadline: float) -> None:
        """Locks `lock`; this process stands in the queue only until then."""
        if _try_lock(lock, fcntl.LOCK_EX):
            return
        fcntl.flock(queue, fcntl.LOCK_SH)
        while not _try_lock(lock, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise StoreBusy(self._busy_sentence(lock))
            time.sleep(POLL_S)
        fcntl.flock(queue, fcntl.LOCK_UN)

    def _wait_for_engine(self, deadline: float) -> None:
        """Waits until no other process has the engine's own lock: one that is dying, or a program without our locks."""
        deadline = min(deadline, time.monotonic() + _DYING_S)
        while _engine_has(Path(self.path) / "status"):
            if time.monotonic() >= deadline:
                raise StoreBusy(
                    f"The embedded store {self.path} is in use by a program that is not part of chimera-metrics. "
                    "Stop that program, or set CH_PATH to another folder."
                )
            time.sleep(POLL_S)

    def _busy_sentence(self, lock: IO[str]) -> str:
        lock.seek(0)
        try:
            holder = json.loads(lock.read())
            who = f"{holder['program']} (process {holder['pid']}) has had it since {holder['since'][:19]}Z"
        except (ValueError, KeyError, TypeError):
            who = "another process has it"
        return (
            f"The embedded store {self.path} is in use: {who}, and did not let it go within {self.wait_s:g} s. "
            "Wait for its statement to end, stop it, or set CH_PATH to another folder."
        )


def _engine_has(status: Path) -> bool:
    try:
        file = status.open("rb")
    except OSError:
        return False
    with file:
        return not _try_lock(file, fcntl.LOCK_EX)


def _try_lock(file: IO[Any], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _program() -> str:
    return Path(sys.argv[0]).name or "python"
