"""PATH_OR_URL: which store a side of a copy is. No sentence repeats an address, which may hold a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from chimera_metrics.integrations.config import ClickHouseSettings, parse
from chimera_metrics.integrations.errors import (
    AccessRefused,
    CertificateRefused,
    InvalidInput,
    StoreUnusable,
    Unreachable,
)
from chimera_metrics.integrations.store_address import HTTP_PORTS, NATIVE_PORT, unopenable

_SERVER = {"clickhouse", "clickhouses", "clickhouse+native", "clickhouse+muse", "native", "tcp"}
_FOLDER = {"clickhouse+chdb", "chdb", "file"}
_SERVER_FORM = "clickhouse://user:password@host:9440/database (with %40 for @ and %2F for / in a password)"
_FORM = f"{_SERVER_FORM}, or a folder"
_DATABASE = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_HOST_AND_PORT = re.compile(r"[^/\s@]+@\S+|[A-Za-z0-9.-]+:\d{1,5}")


def settings_of(address: str, option: str, own: ClickHouseSettings) -> ClickHouseSettings:
    """The store that `address`, given with `option`, names. Whatever it leaves out is as in the settings, `own`.

    The settings' user and password go to their own server only: an address of another host brings its own.
    """
    scheme, mark, _ = address.strip().partition("://")
    if not mark:
        return _folder(address.strip(), option)
    if scheme.lower() in {"http", "https"}:
        raise InvalidInput(
            f"{option} names an address of the HTTP interface, while the native protocol is spoken here; write {_FORM}."
        )
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise InvalidInput(f"{option} holds an address that cannot be read; write {_FORM}.") from None
    if scheme.lower() in _FOLDER:
        return _folder(unquote(parts.netloc + parts.path), option)
    if scheme.lower() not in _SERVER or not parts.hostname:
        raise InvalidInput(f"{option} holds an address of an unknown form; write {_FORM}.")
    if port in HTTP_PORTS:
        raise InvalidInput(
            f"{option} names port {port}, ClickHouse's HTTP port; name that of the native protocol: {NATIVE_PORT} with "
            "TLS, or 9000 with ?secure=false."
        )
    return parse(ClickHouseSettings, **_server(parts, port or NATIVE_PORT, option, own))


def _folder(path: str, option: str) -> ClickHouseSettings:
    if not path or (_HOST_AND_PORT.fullmatch(path) and not Path(path).exists()):
        raise InvalidInput(f"{option} takes the folder of a store, or {_SERVER_FORM}.")
    if path != ":memory:" and (needed := unopenable(path)) is not None:
        raise InvalidInput(f"{option} takes {needed}; rename it, or name another.")
    # A cluster of the settings is none of a folder's.
    return parse(ClickHouseSettings, host=None, path=path, cluster=None, sharded=False)


def _server(parts: SplitResult, port: int, option: str, own: ClickHouseSettings) -> dict[str, Any]:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    secure = given.get("secure", "true").lower()
    if given.keys() - {"secure", "ca_cert"} or secure not in {"true", "false"}:
        raise InvalidInput(
            f"The address of {option} has an option that is not known; it takes ?secure=false, for a server without "
            "TLS, and ?ca_cert=FILE, for the CA that signed its certificate."
        )
    database = unquote(parts.path.strip("/")) or own.database
    if not _DATABASE.fullmatch(database):
        raise InvalidInput(f"The address of {option} names no database that can be; write {_FORM}.")
    same = (own.host, own.port) == (parts.hostname, port)
    named = parts.username is not None
    return {
        "host": parts.hostname,
        "port": port,
        "username": unquote(parts.username or "") or (own.username if same else "default"),
        "password": unquote(parts.password or "") or (own.password if same and not named else ""),
        "database": database,
        "secure": secure == "true" if "secure" in given or not same else own.secure,
        "ca_cert": given.get("ca_cert") or own.ca_cert,
    }


_OF_AN_ADDRESS = {
    "CH_USERNAME and CH_PASSWORD": "the user and the password in its address",
    "CH_HOST, CH_PORT": "host and port in its address",
    "Set CH_PORT to": "Its address takes",
    "or CH_SECURE=false": "or ?secure=false",
    "set CH_SECURE=true": "leave ?secure=false out",
    "name the CA's file in CH_CA_CERT": "add ?ca_cert=FILE to its address",
}


@contextmanager
def named_by_address(*sides: ClickHouseSettings) -> Iterator[None]:
    """A server that cannot be reached by an address: what to correct is that, not the settings."""
    try:
        yield
    except (AccessRefused, CertificateRefused, Unreachable) as error:
        if not any(side.where in error.sentence for side in sides if not side.embedded):
            raise
        words = error.sentence
        for setting, part in _OF_AN_ADDRESS.items():
            words = words.replace(setting, part)
        raise type(error)(words) from None


def require_source(settings: ClickHouseSettings) -> None:
    """Raises StoreUnusable where the source is a folder without a store, before anything makes one there."""
    folder = Path(settings.store_path)
    if settings.embedded and not (folder.is_dir() and any(folder.iterdir())):
        raise StoreUnusable(f"There is no store at {folder}; --from takes the folder of a store, or {_SERVER_FORM}.")
