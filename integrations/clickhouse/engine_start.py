"""Starts the engine on a folder while other threads run.

chDB's `connect` keeps Python's lock until the engine stands, 50 to 90 ms in which no other thread gets on. The library
is an ADBC driver too (https://arrow.apache.org/adbc/main/format/specification.html), whose C functions are called
without the lock; what `connect` finds standing, it joins in 0.3 ms.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

from chimera_metrics.integrations.clickhouse.chdb_module import chdb

_VERSION = 1_000_000
# Places of functions in the struct AdbcDriver, and how many pointers it may have.
_DATABASE_INIT, _DATABASE_NEW, _DATABASE_SET_OPTION, _DATABASE_RELEASE = 3, 4, 5, 6
_CONNECTION_INIT, _CONNECTION_NEW, _CONNECTION_RELEASE = 12, 13, 16
_POINTERS = 64


class _Object(ctypes.Structure):
    """AdbcDatabase or AdbcConnection."""

    _fields_ = (("private_data", ctypes.c_void_p), ("private_driver", ctypes.c_void_p))


class _Error(ctypes.Structure):
    """AdbcError. Its text is not read: `connect` meets the same fault and says it."""

    _fields_ = (
        ("message", ctypes.c_void_p),
        ("vendor_code", ctypes.c_int32),
        ("sqlstate", ctypes.c_char * 5),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
        ("private_driver", ctypes.c_void_p),
    )


class _Driver:
    """The functions of chDB's ADBC driver."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._table = (ctypes.c_void_p * _POINTERS)()
        self._error = _Error()
        if library.chdb_adbc_init(_VERSION, ctypes.byref(self._table), ctypes.byref(self._error)):
            raise OSError("chDB's ADBC driver is of another version.")

    def made(self) -> _Object:
        """An object that is not initialized yet."""
        return _Object(None, ctypes.addressof(self._table))

    def call(self, place: int, *arguments: _Object | bytes) -> bool:
        """Whether there is such a function, and it succeeded."""
        if not (address := self._table[place]):
            return False
        kinds = [ctypes.c_char_p if isinstance(one, bytes) else ctypes.POINTER(_Object) for one in arguments]
        function = ctypes.CFUNCTYPE(ctypes.c_uint8, *kinds, ctypes.POINTER(_Error))(address)
        succeeded: bool = function(*arguments, self._error) == 0
        self._forget_error()
        return succeeded

    def _forget_error(self) -> None:
        if self._error.release:
            ctypes.CFUNCTYPE(None, ctypes.POINTER(_Error))(self._error.release)(self._error)


@contextlib.contextmanager
def standing(path: str) -> Iterator[None]:
    """The engine stands on `path` while this is open, if it can be had in this way."""
    try:
        driver = _Driver(ctypes.CDLL(chdb().__file__))
    except (AttributeError, OSError):  # another build of chDB
        yield
        return
    database, connection = driver.made(), driver.made()
    driver.call(_DATABASE_NEW, database)
    driver.call(_DATABASE_SET_OPTION, database, b"path", path.encode())
    driver.call(_DATABASE_INIT, database)
    driver.call(_CONNECTION_NEW, connection)
    try:
        driver.call(_CONNECTION_INIT, connection, database)
        yield
    finally:
        driver.call(_CONNECTION_RELEASE, connection)
        driver.call(_DATABASE_RELEASE, database)
