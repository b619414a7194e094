"""The `.env` file of the folder in which a program starts, whose bytes anybody may have written."""

from __future__ import annotations

import codecs
import errno
import logging
import os
import re
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.small_files import small_bytes

_OURS = re.compile(rb"^\s*(?:export\s+)?((?:CH|MUSE)_\w+)\s*=", re.MULTILINE)
_NAMED = re.compile(r"(?<![#\w])(?:CH|MUSE)_[A-Z_]+(?=\s|=|:|$)")
_log = logging.getLogger(__name__)
#: What a warning was given about, once a process.
_told: set[str] = set()


def dot_env(path: Path = Path(".env")) -> dict[str, str | None]:
    """The variables of the file, none where there is none.

    A file that is not text is left alone with a warning, as another program's. If it sets variables of ours it is a
    SettingsError: to go on without them could mean another store. So is a line of ours that is not NAME=value.
    """
    try:
        data = small_bytes(path)
    except OSError as error:
        if error.errno == errno.EFBIG:
            warn_once(f"{os.path.abspath(path)} is left out: {error.strerror}.")
        return {}
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        place = os.path.abspath(path)
        names = sorted({name.decode() for name in _OURS.findall(data)})
        if names:
            raise SettingsError(
                f"{place} is not text in UTF-8, but sets {', '.join(names)}; save it as UTF-8."
            ) from None
        warn_once(f"{place} is not text in UTF-8 and is left out; save it as UTF-8 if it holds settings.")
        return {}
    _check_lines(text, path)
    return dotenv_values(stream=StringIO(text))


def _check_lines(text: str, path: Path) -> None:
    """A SettingsError on the first line of ours that says nothing. Its value is not repeated: it may be a secret."""
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # it warns of other programs' lines, too, once a reading
    for binding in parse_stream(StringIO(text)):
        found = _NAMED.search(binding.original.string)
        if found is None or (binding.key is None and not binding.error):
            continue
        if binding.error or binding.value is None or binding.key in (f"$env:{found[0]}", f"env:{found[0]}"):
            line = binding.original.line + binding.original.string[: found.start()].count("\n")
            raise SettingsError(
                f"Line {line} of {os.path.abspath(path)} is not NAME=value; write {found[0]}=…, quotes on both sides "
                "of the value or on neither."
            )


def warn_once(sentence: str) -> None:
    if sentence not in _told:
        _told.add(sentence)
        _log.warning("%s", sentence)
