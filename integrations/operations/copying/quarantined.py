"""Batches in the quarantine: files on this machine, carried from the source's folder to the target's."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from chimera_metrics.integrations.operations.copying.book import Book, CopyRefused, Entry
from chimera_metrics.integrations.operations.copying.side import Content, Side
from chimera_metrics.integrations.private_files import open_private, private_folder
from chimera_metrics.integrations.writing.quarantine import Quarantine, quarantine_folder

_TABLE = "quarantine"


def copy_batches(source: Side, target: Side, book: Book) -> int:
    """Carries what waits, and takes away what waits at the source no more. Answers how many batches wait."""
    theirs, ours = quarantine_folder(source.settings), quarantine_folder(target.settings)
    waiting = [kept.path for kept in Quarantine(theirs).batches()]
    for path in waiting:
        body = path.read_bytes()
        _put(ours / path.name, body)
        entry = Entry("done", hashlib.sha256(body).hexdigest(), Content(1))
        if book.entries.get((_TABLE, path.name)) != entry:
            book.write(_TABLE, {path.name: entry})
    gone = [name for (table, name), entry in book.entries.items() if table == _TABLE and entry.state == "done"]
    for name in set(gone) - {path.name for path in waiting}:
        (ours / name).unlink(missing_ok=True)
        book.write(_TABLE, {name: Entry("gone", "", Content())})
    return len(waiting)


def _put(path: Path, body: bytes) -> None:
    if path.exists():
        if path.read_bytes() == body:
            return
        raise CopyRefused(
            f"The target's quarantine has {path.name} too, with other rows under the same key; run `muse quarantine "
            "replay` on the target and copy again."
        )
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
