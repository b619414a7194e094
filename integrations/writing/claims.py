"""Claims of an embedded store: a file for each batch that is under way, beside the engine's own files.

A claim in the ledger's table costs an INSERT and the look that says whose it is; all who write to an embedded store see
its folder, and there a hard link does both at once: of several callers one makes it. A caller that goes on with
another's batch says so in the file first, so that its owner knows whether anybody else may have acknowledged the batch.

A file outlives a killed process, as the engine's parts do; like those it may be lost with the power.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from chimera_metrics.integrations.errors import StoreUnusable
from chimera_metrics.integrations.private_files import open_private, private_folder

_JOINED = b"joined\n"


@dataclass(frozen=True, slots=True)
class Claim:
    """The attempt that came first under a key."""

    digest: str
    batch_id: UUID
    since: datetime
    now: datetime
    """The time that stands where rows name none: the same for every attempt, or a retry after midnight would put
    them on another day, where no token knows them."""
    replaced: int
    owner: str | None = None
    """Who made it, see `call.owner_of`; None where a version that did not say so did."""
    shards: int | None = None
    """Over how many shards its rows are spread, see spreading.py; None where there are none."""


@dataclass(frozen=True, slots=True)
class _File:
    table: str
    claim: Claim
    joined: bool


class ClaimFiles:
    """The claims in one folder, each under a name that stands for its table and key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str, table: str, claim: Claim) -> None:
        """Says that a batch of the table is about to be stored, unless another claim says so already."""
        fresh = self.folder / f".{claim.batch_id}"
        try:
            private_folder(self.folder)
            with open(open_private(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
                file.write(orjson.dumps({"table": table, "claim": claim}) + b"\n")
            with contextlib.suppress(FileExistsError):
                os.link(fresh, self.folder / name)
            fresh.unlink()
        except OSError as error:
            raise StoreUnusable(
                f"The folder {self.folder} cannot be written ({error.strerror or error}); make room there, or correct "
                "its rights, and send the batch again."
            ) from None

    def find(self, name: str) -> Claim | None:
        found = self._read(name)
        return found.claim if found else None

    def join(self, name: str) -> bool:
        """Says that somebody else goes on with the batch. False where its claim is gone: finished, or taken back."""
        with self._locked(name) as descriptor:
            if descriptor is None or os.fstat(descriptor).st_nlink == 0:
                return False
            os.write(descriptor, _JOINED)
            return True

    def withdraw(self, name: str, batch_id: UUID) -> None:
        """Takes back the claim of an attempt that has stored nothing, unless somebody else goes on with the batch."""
        # Locked, or another could join between the look and the end of the file.
        with self._locked(name) as descriptor:
            if descriptor is not None and self.is_alone(name, batch_id):
                self.drop(name)

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[int | None]:
        try:
            descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            yield None
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def is_alone(self, name: str, batch_id: UUID) -> bool:
        """Whether nobody but this attempt can have stored or acknowledged any of the batch."""
        found = self._read(name)
        return found is not None and found.claim.batch_id == batch_id and not found.joined

    def drop(self, name: str) -> None:
        """Forgets the claim of a batch that is acknowledged."""
        (self.folder / name).unlink(missing_ok=True)

    def unfinished(self, before: datetime) -> list[tuple[str, str]]:
        """Name and table of each batch that was begun before that moment and is not finished."""
        files = ((path.name, self._read(path.name)) for path in self.folder.glob("[!.]*"))
        return [(name, found.table) for name, found in files if found is not None and found.claim.since < before]

    def _read(self, name: str) -> _File | None:
        try:
            lines = (self.folder / name).read_bytes().splitlines()
        except FileNotFoundError:
            return None
        if not lines:  # what a loss of power may leave
            return None
        stated = orjson.loads(lines[0])
        said = stated["claim"]
        since, now = (datetime.fromisoformat(said[key]) for key in ("since", "now"))
        claim = Claim(said["digest"], UUID(said["batch_id"]), since, now, said["replaced"], said.get("owner"))
        return _File(stated["table"], claim, joined=len(lines) > 1)
