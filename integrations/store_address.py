"""Where ClickHouse is, as people write it: other programs' names of the settings, and addresses in place of a host."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection, Mapping

from chimera_metrics.integrations.errors import SettingsError

NATIVE_PORT = 9440
#: Ports of ClickHouse's HTTP interface, which speaks another protocol.
HTTP_PORTS = {8123: 9000, 8443: NATIVE_PORT}
_CA = "CH_CA_CERT for a private CA (certificates are always verified)"
_SERVER = "the options --transport, --host and --port of `muse serve`"
_TIMEOUT = "CH_TIMEOUT"
#: What to write for a name that other programs have; the first word is the setting.
OTHER_NAMES: Mapping[str, str] = {
    "CH_USER": "CH_USERNAME",
    "CH_PASS": "CH_PASSWORD",
    "CH_PWD": "CH_PASSWORD",
    "CH_DB": "CH_DATABASE",
    "CH_SSL": "CH_SECURE",
    "CH_TLS": "CH_SECURE",
    "CH_HOSTNAME": "CH_HOST",
    "CH_SERVER": "CH_HOST",
    "CH_URL": "CH_HOST with the host alone, and CH_PORT",
    "CH_URI": "CH_HOST with the host alone, and CH_PORT",
    "CH_DSN": "CH_HOST with the host alone, and CH_PORT",
    "CLICKHOUSE_HOST": "CH_HOST",
    "CLICKHOUSE_HOSTNAME": "CH_HOST",
    "CLICKHOUSE_URL": "CH_HOST with the host alone, and CH_PORT",
    "CLICKHOUSE_URI": "CH_HOST with the host alone, and CH_PORT",
    "CLICKHOUSE_DSN": "CH_HOST with the host alone, and CH_PORT",
    "CLICKHOUSE_PORT": f"CH_PORT for the native protocol, {NATIVE_PORT} by default",
    "CLICKHOUSE_USER": "CH_USERNAME",
    "CLICKHOUSE_USERNAME": "CH_USERNAME",
    "CLICKHOUSE_PASSWORD": "CH_PASSWORD",
    "CLICKHOUSE_DATABASE": "CH_DATABASE",
    "CLICKHOUSE_DB": "CH_DATABASE",
    "CLICKHOUSE_SECURE": "CH_SECURE",
    "CLICKHOUSE_VERIFY": _CA,
    "CLICKHOUSE_CA_CERT": "CH_CA_CERT",
    "CLICKHOUSE_CONNECT_TIMEOUT": _TIMEOUT,
    "CLICKHOUSE_SEND_RECEIVE_TIMEOUT": _TIMEOUT,
    "CLICKHOUSE_MCP_QUERY_TIMEOUT": _TIMEOUT,
    "CLICKHOUSE_MCP_SERVER_TRANSPORT": _SERVER,
    "CLICKHOUSE_MCP_BIND_HOST": _SERVER,
    "CLICKHOUSE_MCP_BIND_PORT": _SERVER,
    "CLICKHOUSE_MCP_AUTH_TOKEN": "`muse token create` for a token",
    "CHDB_DATA_PATH": "CH_PATH",
}
#: Names under which any database's address may stand: only one of ClickHouse's is meant for this program.
_ADDRESSES = ("DATABASE_URL", "DATABASE_URI", "DB_URL", "SQLALCHEMY_DATABASE_URI")
_NAME = re.compile(r"[^\s\[\]:/?#@,]+")
_AUTHORITY = re.compile(rf"(?P<host>\[[0-9A-Fa-f:.]+\]|{_NAME.pattern})(?::(?P<port>[0-9]{{1,5}}))?/?")
_REST = re.compile(rf"{_AUTHORITY.pattern}(?P<database>[A-Za-z_]\w*)?/?(\?\S*)?")


def other_names(given: Mapping[str, str | None]) -> SettingsError | None:
    """What to say of variables under other programs' names; None where the right names say where the store is.

    Variables of another program stay its own as soon as CH_HOST or CH_PATH says which store is meant here. Of those
    that begin with CH_, the setting itself has to be there too.
    """
    chosen = bool(given.get("CH_HOST") or given.get("CH_PATH"))
    address = next((name for name in _ADDRESSES if str(given.get(name)).startswith(("clickhouse", "chdb"))), None)
    if address is not None and not chosen:
        return SettingsError(
            f"{address} is not a setting here; write CH_HOST with the host alone, and CH_PORT.{_way_out([address])}"
        )
    found = [name for name in OTHER_NAMES if given.get(name) and not _is_meant_elsewhere(name, chosen, given)]
    if not found:
        return None
    if len(found) == 1:
        return SettingsError(f"{found[0]} is not a setting here; write {OTHER_NAMES[found[0]]}.{_way_out(found)}")
    pairs = "; ".join(f"for {name} {OTHER_NAMES[name]}" for name in found)
    return SettingsError(f"{', '.join(found)} are not settings here; write {pairs}.{_way_out(found)}")


def absolute_path(value: str) -> str:
    """The folder of an embedded store, from the root; `~`, `$HOME` and file:// are taken. Raises ValueError for others.

    Read once, against the folder of the start: chDB changes folders while it is imported.
    """
    if value in {"", ":memory:"}:
        return value
    plain = os.path.expandvars(re.sub(r"^file:(//)?(?=[/~.])", "", value))
    if re.match(r"[A-Za-z][\w+.-]+://", plain):
        raise ValueError("a folder, not an address: for a server write CH_HOST")
    if re.search(r"\$\{?\w|%\w+%", plain):
        raise ValueError("a folder, but names a variable that is not set")
    return os.path.abspath(os.path.expanduser(plain))


def unopenable(path: str) -> str | None:
    """What the folder of an embedded store would have to be, where the engine opens another one at that path."""
    if "\0" in path:
        return "a folder without a null character in its path"
    real = os.path.realpath(os.path.expanduser(path))
    if "?" in real:
        return "a folder without a question mark in its path, from which on the engine reads options"
    if real != real.rstrip():
        return "a folder whose name does not end with a space, which the engine leaves out"
    if not _is_unicode(real):
        return "a folder whose path is text in UTF-8, as the engine reads it"
    return None


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_meant_elsewhere(name: str, chosen: bool, given: Collection[str]) -> bool:
    right = OTHER_NAMES[name].split()[0]
    return right in given or (chosen and not name.startswith("CH_"))


def _way_out(found: Collection[str]) -> str:
    if any(name.startswith("CH_") for name in found):
        return ""
    return " If another program needs it, say which store is meant here: CH_HOST for a server, CH_PATH for a folder."


def take_apart(given: Mapping[str, object]) -> dict[str, object]:
    """The settings with a port that stands behind the host moved to `port`. Raises SettingsError for other addresses.

    Neither a password nor anything beside it is ever repeated.
    """
    settings = dict(given)
    host = settings.get("host")
    if isinstance(host, str) and (host := host.strip()) and not _is_bare(host):
        found = _AUTHORITY.fullmatch(host)
        if found is None:
            raise SettingsError(_what_to_write(host))
        settings["host"] = found["host"].strip("[]")
        if (port := found["port"]) is not None:
            if str(settings.get("port", port)).strip() != port:
                raise SettingsError(
                    f"CH_HOST names port {port}, but CH_PORT holds {settings['port']}; name it in CH_PORT alone."
                )
            settings["port"] = port
    port = str(settings.get("port", "")).strip()
    if port.isdigit() and int(port) in HTTP_PORTS:
        raise SettingsError(
            f"CH_PORT is {port}, ClickHouse's HTTP port; write the port of the native protocol: {NATIVE_PORT} with "
            "TLS, or 9000 with CH_SECURE=false."
        )
    return settings


def _is_bare(host: str) -> bool:
    """Whether nothing stands beside the name or the address; IPv6 needs no brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _NAME.fullmatch(host) is not None
    return True


def _what_to_write(address: str) -> str:
    """CH_HOST holds more than a host and a port, perhaps a password."""
    scheme, _, rest = address.rpartition("://")
    account, at, rest = rest.rpartition("@")
    found = _REST.fullmatch(rest)
    if "," in rest:
        return "CH_HOST takes one server; name one of them, or what stands before them all."
    if found is None or re.search(r"[/?#]", account):
        return "CH_HOST takes a host name or an IP address, such as db.example.org; the port goes into CH_PORT."
    http = scheme in {"http", "https"}
    port = int(found["port"] or (8123 if scheme == "http" else 8443 if http else NATIVE_PORT))
    port, plain = HTTP_PORTS.get(port, port), scheme == "http" or port == 8123
    lines = [f"CH_HOST={found['host'].strip('[]')}", f"CH_PORT={port}"] + ["CH_SECURE=false"] * plain
    lines += ["the account into CH_USERNAME and CH_PASSWORD"] * bool(at)
    lines += [f"CH_DATABASE={found['database']}"] * bool(found["database"])
    why = " of the HTTP interface, while the native protocol is spoken here" if http else ""
    return f"CH_HOST takes a host alone, but holds an address{why}; write {', '.join(lines)}."
