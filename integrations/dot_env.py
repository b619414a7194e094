"""The `.env` file of the folder in which a program starts, whose bytes anybody may have written."""

from __future__ import annotations

import codecs
import logging
import os
import re
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from chimera_metrics.integrations.errors import SettingsError

_OURS = re.compile(rb"^\s*(?:export\s+)?((?:CH|MUSE)_\w+)\s*=", re.MULTILINE)
_log = logging.getLogger(__name__)
#: What a warning was given about, once a process.
_told: set[str] = set()


def dot_env(path: Path = Path(".env")) -> dict[str, str | None]:
    """The variables of the file, none where there is none.

    A file that is not text is left alone with a warning, as another program's. If it sets variables of ours it is a
    SettingsError: to go on without them could mean another store.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return dotenv_values(stream=StringIO(data.decode(encoding)))
    except UnicodeDecodeError:
        place = os.path.abspath(path)
        names = sorted({name.decode() for name in _OURS.findall(data)})
        if names:
            raise SettingsError(
                f"{place} is not text in UTF-8, but sets {', '.join(names)}; save it as UTF-8."
            ) from None
        warn_once(f"{place} is not text in UTF-8 and is left out; save it as UTF-8 if it holds settings.")
        return {}


def warn_once(sentence: str) -> None:
    if sentence not in _told:
        _told.add(sentence)
        _log.warning("%s", sentence)
