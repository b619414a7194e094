"""A bar with rate and time left, on a terminal only."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from chimera_metrics.apps.terminal import bare_stderr


class Bar:
    """Shows how much of the files is read, by their bytes, and how many rows a second go in."""

    def __init__(self, size: int, shown: bool) -> None:
        self._bar: Any = None
        self._before = 0
        self._size = size
        self._rows = 0
        self._started = time.monotonic()
        if shown and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} rows/s,"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=Console(file=bare_stderr()),
            )
            self._task = self._bar.add_task("", total=size, rows=0, rate=0)

    def __enter__(self) -> Bar:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def grow(self, size: int) -> None:
        """There is that much more to do than was known."""
        self._size += size
        if self._bar is not None:
            self._bar.update(self._task, total=self._size)

    def advance(self, position: int, rows: int) -> None:
        """`position` bytes of the file under way are read, and `rows` more rows are dealt with."""
        self._rows += rows
        if self._bar is not None:
            rate = self._rows / max(time.monotonic() - self._started, 0.001)
            self._bar.update(self._task, completed=self._before + position, rows=self._rows, rate=rate)

    def file_done(self, size: int) -> None:
        self._before += size
        if self._bar is not None:
            self._bar.update(self._task, completed=self._before)
