"""chDB's extension module, which offers all that is used here: `connect`, `query`, `send_query`.

`import chdb` starts an engine in memory, only to ask for its version, and its `connect` imports pyarrow with numpy:
0.2 s and 40 MB before the first statement. A program that is nothing but ours, the server, loads the module without the
package. Anywhere else the package is imported first: a program that imports it while a store is open gets an error.
"""

from __future__ import annotations

import ctypes
import importlib.machinery
import importlib.util
import os
import sys
import threading
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.errors import SettingsError

_NAME = "chdb._chdb"
_FILE = "_chdb.abi3.so"
_lock = threading.Lock()
_alone = threading.Event()


def chdb() -> Any:
    """The module, loaded once. Raises SettingsError where the engine does not know the time zone that TZ names."""
    with _lock:
        if (module := sys.modules.get(_NAME)) is not None:
            return module
        try:
            return _load() if _alone.is_set() else importlib.import_module(_NAME)
        except ImportError:
            _check_zone()
            raise


def _check_zone() -> None:
    """Raises SettingsError where TZ names no zone, without which the module does not load; the package hides that."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    zone = os.environ.get("TZ", "")
    try:
        ZoneInfo(zone.removeprefix(":") or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise SettingsError(
            f"TZ holds {zone!r}, but the engine takes the name of an IANA time zone; write one such as UTC or "
            "Europe/Berlin, or unset TZ."
        ) from None


def say_that_nobody_else_is_here() -> None:
    """This process is nothing but ours, so that the module is loaded without its package."""
    _alone.set()


def nobody_else_is_here() -> bool:
    """Whether this process is nothing but ours: no other code in it imports the libraries that we do."""
    return _alone.is_set()


def _load() -> Any:
    package = importlib.machinery.PathFinder.find_spec("chdb")
    if package is None:
        raise ModuleNotFoundError("No module named 'chdb'", name="chdb")
    for folder in package.submodule_search_locations or ():
        file = Path(folder, _FILE)
        if file.exists():
            return _from(str(file))
    # Another layout than the one that is known: the package knows how to find it.
    return importlib.import_module(_NAME)


def _link(file: str) -> None:
    """As the package does: the engine's symbols before those of libraries that are loaded already.

    `ctypes.CDLL(file)` would hold up every other thread for 30 ms; a call of the C function does not.
    """
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
    dlopen(os.fsencode(file), sys.getdlopenflags() | os.RTLD_DEEPBIND)


def _from(file: str) -> Any:
    if sys.platform == "linux":
        _link(file)
    spec = importlib.util.spec_from_file_location(_NAME, file)
    assert spec is not None  # noqa: S101  # a file with a known suffix has a loader
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    return module
