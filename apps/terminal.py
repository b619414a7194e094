"""What else reaches a terminal or a log: records of the log, usage errors, and whatever is printed by mistake."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Any, TextIO, cast

from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.private_files import is_foreign_link
from chimera_metrics.integrations.unseen import printable

if TYPE_CHECKING:
    from chimera_metrics.integrations.config import MuseSettings

STOPPED = 130
"""What a shell expects of a command that Ctrl-C stopped."""


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
    _open_closed()
    write_any_text()
    before = sys.stdout, sys.stderr
    sys.excepthook = _traceback  # it runs when all this is over
    sys.stdout, sys.stderr = (cast("TextIO", EscapedStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _open_closed() -> None:
    """Streams that the shell closed (`>&-`) read and write nothing; no file that is opened later gets their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # until the process ends


def _traceback(*fault: Any) -> None:
    sys.stderr.write(printable("".join(traceback.format_exception(*fault)), lines=True))


class OneLine(logging.Formatter):
    """A record of the log on one line, whatever was put into it; a traceback stands below."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # the library's name
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return printable(super().formatException(ei), lines=True)


class LogFile(WatchedFileHandler):
    """A file of the log. What cannot be written, as on a full disk, is told once on stderr, without a traceback."""

    _told = False

    def handleError(self, record: logging.LogRecord) -> None:  # the library's name
        if not self._told:
            self._told = True
            why = sys.exc_info()[1]
            sys.stderr.write(f"The log cannot be written to {printable(self.baseFilename)} ({printable(str(why))}).\n")


class OneObject(OneLine):
    """A record of the log as one object of JSON, a traceback within it."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            facts["exception"] = super().formatException(record.exc_info)
        return json.dumps(facts)


def log(settings: MuseSettings) -> None:
    """The log as the settings ask for it: our own records from their level on, those of libraries from warnings on."""
    handler: logging.Handler = logging.StreamHandler()
    if settings.log_file is not None:
        if is_foreign_link(str(settings.log_file)):
            raise SettingsError(
                f"MUSE_LOG_FILE names {settings.log_file}, a link that another user made, which may lead to any file "
                "of yours; remove it, or name another file."
            )
        try:
            # Opened again when it was moved away, as logrotate does.
            handler = LogFile(settings.log_file, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise SettingsError(
                f"MUSE_LOG_FILE names {settings.log_file}, which cannot be written ({error.strerror or error}); make "
                "its folder, or name another file."
            ) from None
    own = logging.getLevelNamesMapping()[settings.log_level.upper()]
    times = "%(asctime)s " if settings.log_file is not None else ""
    text = OneLine(f"{times}%(levelname)s %(name)s: %(message)s")
    handler.setFormatter(OneObject() if settings.log_format == "json" else text)
    logging.basicConfig(level=max(own, logging.WARNING), handlers=[handler])
    for name in ("chimera_metrics", "muse"):
        logging.getLogger(name).setLevel(own)


def bare_stderr() -> TextIO:
    """stderr for a bar, which is drawn by escapes."""
    return _bare(sys.stderr)


def _bare(stream: TextIO) -> TextIO:
    return stream._stream if isinstance(stream, EscapedStream) else stream


def is_coloured(stream: TextIO) -> bool:
    """Whether colours are wanted: NO_COLOR and FORCE_COLOR say so, else the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def write_coloured(mark: str, colour: int, rest: str) -> None:
    """A line on stdout that begins with a mark in a colour of the terminal's (31 red, 32 green, 33 yellow)."""
    if is_coloured(sys.stdout):
        stream = _bare(sys.stdout)
        stream.write(f"\x1b[{colour}m{printable(mark)}\x1b[0m{printable(rest)}\n")
        stream.flush()
    else:
        sys.stdout.write(f"{printable(mark + rest)}\n")


# -- terminals that do not know all characters ---------------------------------------------------------------------

_LIKE = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "…": "...", "·": "*", "•": "*", "→": "->", "×": "x", "≤": "<=", "≥": ">=", "±": "+-"}
    | {
        "“": '"',
        "”": '"',
        "„": '"',
        "‘": "'",
        "’": "'",
        "\u00a0": " ",
        "━": "-",
        "─": "-",
        "╸": "-",
        "╺": "-",
        "│": "|",
    }
)


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """What to write for characters that the output's encoding lacks: those that look alike, else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_LIKE)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error("muse_readable", _readable)


def write_any_text() -> None:
    """From now on no character is refused by stdout or stderr, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="muse_readable")
