"""Exported results: files of this server, how their caller reaches them, and their end.

Over stdio the caller is on this machine and of this user: a file in a private folder, as a link to it. Over HTTP the
link is signed, works for ten minutes, and only on the server that made the file; of several servers with one
`MUSE_EXPORT_DIR` on all of them.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from chimera_metrics.integrations.answers.exporting import Export, FileFormat
from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.config import Settings, data_folder
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.private_files import open_private, own_folder, read_private
from chimera_metrics.integrations.results import Result

PATH = "/exports"
#: Seconds that a file is kept for a signed link, and for a link to the file.
SIGNED_S, FILE_S = 600, 86_400
_SWEEP_S = 30.0
_KEY, _WHO = "key", ".who"
_NAME = re.compile(r"http-[\w-]{32}\.(csv|parquet|arrow)")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that a signed link leads to."""

    path: Path
    who: str
    expires: int


class Exports:
    """The exported files of one server. Nothing is made before the first of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: Whether other servers hand out what this one makes.
        self._shared = settings.muse.servers > 1 and settings.muse.export_dir is not None
        self._made: dict[str, Exported] = {}
        self._ended = threading.Event()
        self._sweeper: threading.Thread | None = None
        self._lock = threading.Lock()

    @cached_property
    def folder(self) -> Path:
        """Beside the store, for this user alone."""
        store, named = self._settings.clickhouse, self._settings.muse.export_dir
        if named is not None:
            path = named
        elif not store.embedded:
            path = data_folder() / "exports"
        elif store.store_path == ":memory:":
            return Path(tempfile.mkdtemp(prefix="muse-exports-"))
        else:
            path = Path(store.store_path).with_name(f"{Path(store.store_path).name}-exports")
        try:
            own_folder(path)
        except OSError as error:
            raise InvalidInput(
                f"Exports cannot be written to {path} ({error.strerror or error}); name another folder in "
                "MUSE_EXPORT_DIR."
            ) from None
        path.chmod(0o700)
        return path

    @cached_property
    def _key(self) -> bytes:
        """What signs the links, the same for all who share the folder."""
        fresh = secrets.token_bytes(32)
        if not self._shared:
            return fresh
        path = self.folder / _KEY
        with contextlib.suppress(FileExistsError):
            _write(path, fresh)
        return _whole_key(path)

    def whole(self, form: FileFormat | None, run: Callable[[Export | None], Result]) -> Result:
        """`run(None)`, or with a form the answer of `run(export)` and a link to the file that it wrote."""
        if form is None:
            return run(None)
        serves = call.current()
        base = serves.reached_at if serves is not None else ""
        self.sweep()
        kind = "http" if base else "file"
        path = self.folder / f"{kind}-{secrets.token_urlsafe(24)}.{form}"
        export = Export(form, path, lambda: self._room(path))
        try:
            answer = run(export)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if not path.exists():  # a dry run
            return answer
        seconds = SIGNED_S if base else FILE_S
        expires = int(time.time()) + seconds
        who = serves.who if serves is not None else ""
        if base:
            self._made[path.name] = Exported(path, who, expires)
            if self._shared:
                _write(path.with_name(path.name + _WHO), orjson.dumps({"who": who, "expires": expires}))
        self._sweep_later()
        until = datetime.fromtimestamp(expires, UTC).isoformat().replace("+00:00", "Z")
        uri = self._signed(path.name, expires, base) if base else path.as_uri()
        answer["export"] |= {"uri": uri, "expires": until}
        answer["notes"].append(
            f"The whole result, {export.rows:,} rows, is in the export until {until}"
            + (", on the server that made it." if base and not self._shared else ".")
        )
        return answer

    def _room(self, path: Path) -> int:
        """Bytes that the file at `path` may have: what the others leave."""
        others = sum(size for found, size, _ in self._files() if found != path)
        return self._settings.muse.export_max_mb * 1_000_000 - others

    def _signed(self, name: str, expires: int, base: str) -> str:
        named = self._settings.muse.url
        if named is not None:  # the name under which clients reach it, which a proxy may not pass on
            parts = urlsplit(named)
            base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/mcp')}"
        return f"{base}{PATH}/{name}?expires={expires}&signature={self._signature(name, expires)}"

    def _signature(self, name: str, expires: int) -> str:
        return hmac.new(self._key, f"{name}\n{expires}".encode(), sha256).hexdigest()

    def find(self, name: str) -> Exported | None:
        """The file of that name, if it was made here, or where others share it, and its time is not over."""
        found = self._made.get(name)
        if found is None and self._shared and _NAME.fullmatch(name):
            found = _made_elsewhere(self.folder / name)
        return found if found is not None and time.time() < found.expires and found.path.exists() else None

    def is_signed(self, name: str, expires: str, signature: str) -> bool:
        """Whether that is our signature of that name, and still holds."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and signature.isascii()):
            return False
        right = hmac.compare_digest(self._signature(name, int(expires)), signature)
        return right and time.time() < int(expires)

    # -- their end -------------------------------------------------------------------------------------------------

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Every export in the folder: path, size, and when it was last written."""
        for path in self.folder.iterdir():
            if path.name.startswith(("http-", "file-")):
                with contextlib.suppress(FileNotFoundError):
                    state = path.lstat()
                    yield path, state.st_size, state.st_mtime

    def sweep(self) -> None:
        """Removes files whose time is over, also those of servers that are gone."""
        now = time.time()
        for path, _, written in self._files():
            if now - written > (SIGNED_S if path.name.startswith("http-") else FILE_S):
                with contextlib.suppress(OSError):
                    path.unlink()
                self._made.pop(path.name, None)

    def _sweep_later(self) -> None:
        with self._lock:
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep_on, name="muse-exports", daemon=True)
                self._sweeper.start()

    def _sweep_on(self) -> None:
        while not self._ended.wait(_SWEEP_S):
            try:
                self.sweep()
            except OSError as error:
                _log.warning("Exports whose time is over were not removed: %s", error)

    def close(self) -> None:
        """Removes what only this server could hand out."""
        self._ended.set()
        for found in () if self._shared else self._made.values():
            with contextlib.suppress(OSError):
                found.path.unlink()
        if self._sweeper is not None:
            self._sweeper.join()


def _write(path: Path, body: bytes) -> None:
    with open(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(body)


def _whole_key(path: Path) -> bytes:
    """The key in the file; another server may just be writing it."""
    for _ in range(100):
        if len(key := read_private(path)) == 32:
            return key
        time.sleep(0.02)
    raise InvalidInput(f"Exports cannot be signed: {path} holds no key; remove it, and a new one is made.")


def _made_elsewhere(path: Path) -> Exported | None:
    """What the server that made the file wrote down of it."""
    try:
        said = orjson.loads(read_private(path.with_name(path.name + _WHO)))
        return Exported(path, str(said["who"]), int(said["expires"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
