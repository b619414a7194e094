"""Eight writers and four readers on one server over HTTP: the short form of `python -m bench.crowd`."""

from __future__ import annotations

from pathlib import Path

import anyio

from bench.crowd import crowd, server, stored


def test_writers_and_readers_at_once_all_are_answered_and_the_counts_reconcile(tmp_path: Path) -> None:
    path = str(tmp_path / "store")
    with server(path) as url:
        tally = anyio.run(crowd, url, 3)
    assert not tally.errors
    assert tally.written > 0
    assert tally.read > 0
    assert stored(path) == (tally.acknowledged, tally.acknowledged)
