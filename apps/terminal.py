"""What else reaches a terminal or a log: records of the log, usage errors, and whatever is printed by mistake."""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any, TextIO, cast

from chimera_metrics.integrations.unseen import printable


class EscapedStream:
    """A text stream that writes lines, and escapes what a terminal would obey. All else is the stream's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text, lines=True))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def escaped_output() -> Iterator[None]:
    """Meanwhile nothing that a terminal would obey is written to stdout or stderr as text."""
    before = sys.stdout, sys.stderr
    sys.excepthook = _traceback  # it runs when all this is over
    sys.stdout, sys.stderr = (cast("TextIO", stream and EscapedStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _traceback(*fault: Any) -> None:
    sys.stderr.write(printable("".join(traceback.format_exception(*fault)), lines=True))


class OneLine(logging.Formatter):
    """A record of the log on one line, whatever was put into it; a traceback stands below."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # the library's name
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return printable(super().formatException(ei), lines=True)


def log_to_stderr() -> None:
    """Warnings and worse, to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def bare_stderr() -> TextIO:
    """stderr for a bar, which is drawn by escapes."""
    return sys.stderr._stream if isinstance(sys.stderr, EscapedStream) else sys.stderr
