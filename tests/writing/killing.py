"""Killing this process at the moment when the engine renames a part into place.

    python -m tests.writing.killing PATH TABLE NTH COUNT SEED

stores a batch in the store at PATH and dies by kill -9 at the NTH rename of a part of TABLE (or of its rollup). The
kernel stops every rename of this process and asks (a seccomp filter with a listener, Linux 5.0 and newer, no
privileges); a thread of this process reads the two paths and lets the rename go on, or ends the process.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
import threading
from collections.abc import Callable

# The numbers of rename, renameat, renameat2 and seccomp, by processor.
_CALLS = {"x86_64": (82, 264, 316, 317), "aarch64": (38, 38, 276, 277)}
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_NO_NEW_PRIVILEGES, _SET_FILTER, _NEW_LISTENER, _GO_ON = 38, 1, 8, 1
_RECEIVE, _SEND = 0xC0502100, 0xC0182101


Watcher = Callable[[str, str], None]


def watch_renames(seen: Watcher) -> None:
    """Calls `seen` with the two paths before each rename of any thread that starts from now on. Raises OSError where
    the kernel does not offer this."""
    rename, renameat, renameat2, seccomp = _CALLS[platform.machine()]
    libc = ctypes.CDLL(None, use_errno=True)

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)

    steps = [
        step(0x20, 0),  # the call's number
        step(0x15, rename, 3, 0),
        step(0x15, renameat, 2, 0),
        step(0x15, renameat2, 1, 0),
        step(0x06, _ALLOW),
        step(0x06, _ASK),
    ]
    program = ctypes.create_string_buffer(b"".join(steps))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(program)))
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = libc.syscall(seccomp, _SET_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "the kernel gives no listener for system calls")

    def answer() -> None:
        while True:
            question = ctypes.create_string_buffer(80)
            if libc.ioctl(listener, _RECEIVE, question) != 0:
                continue
            id_, _, _, number, _ = struct.unpack_from("QIIiI", question.raw, 0)
            arguments = struct.unpack_from("6Q", question.raw, 32)
            plain = number == rename and rename != renameat
            old, new = (arguments[0], arguments[1]) if plain else (arguments[1], arguments[3])
            seen(ctypes.string_at(old).decode(), ctypes.string_at(new).decode())
            libc.ioctl(listener, _SEND, ctypes.create_string_buffer(struct.pack("QqiI", id_, 0, 0, _GO_ON)))

    threading.Thread(target=answer, daemon=True).start()


class Killer:
    """Ends this process at the nth rename of a part once it is armed."""

    def __init__(self, nth: int) -> None:
        self._left = nth
        self.armed = False
        self.folders: tuple[str, ...] = ()

    def __call__(self, old: str, new: str) -> None:
        if not self.armed or "tmp_insert_" not in old or not any(folder in new for folder in self.folders):
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(path: str, tables: str, nth: str, count: str, seed: str) -> None:
    killer = Killer(int(nth))
    watch_renames(killer)
    # Only now, so that the engine's threads are watched too.
    from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
    from chimera_metrics.integrations.config import ClickHouseSettings
    from tests.writing.rows import make_rows

    table = tables.split(",")[0]
    with ClickHouseClient(ClickHouseSettings(path=path)) as client:
        names = ", ".join(f"'{name}'" for name in tables.split(","))
        uuids = client.executor.read(f"SELECT uuid FROM system.tables WHERE name IN ({names})").rows
        killer.folders = tuple(str(row[0]) for row in uuids)
        killer.armed = True
        client.insert(table, make_rows(table, int(count), int(seed), days=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
