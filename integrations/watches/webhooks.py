"""Delivers alarms to webhooks from the outbox: signed, bounded, to listed hosts only, never redirected.

A receiver may get a message twice (when its answer was lost), and knows it by `X-Muse-Alarm`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.watches.turns import Turn, Turns

TIMEOUT_S = 10.0
"""Seconds for one attempt, from the first packet to the answer's status."""
FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 3600.0
GIVE_UP_AFTER = timedelta(days=3)
# What Python 3.11 takes for the world's: relays of 6to4, addresses of protocols, documentation.
_NOT_PUBLIC = [ipaddress.ip_network(one) for one in ("192.88.99.0/24", "192.0.0.0/24", "3fff::/20")]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_log = logging.getLogger(__name__)


class NotDelivered(Exception):
    """Why an attempt failed, in words without secrets."""


def check_address(address: str, settings: MuseSettings) -> SplitResult:
    """The address in parts; InvalidInput where no webhook may go there."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise InvalidInput(f"webhook {address[:200]!r} is no address such as https://hooks.example.org/muse.") from None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password or len(address) > 2000:
        raise InvalidInput("webhook takes an address such as https://hooks.example.org/muse, without a user in it.")
    if not address.isascii() or not address.isprintable() or " " in address:
        raise InvalidInput("webhook takes an address of printable ASCII characters without spaces.")
    if settings.webhook_secret is None:
        raise InvalidInput("Webhooks are signed: set MUSE_WEBHOOK_SECRET on the server, then set the watch again.")
    names = {host, f"{host}:{port}"}
    if not names & set(settings.webhook_hosts):
        raise InvalidInput(f"Webhooks may not go to {host}: list it in MUSE_WEBHOOK_HOSTS on the server.")
    spelled = _address(host)
    if spelled is not None and not _may_go_to(spelled, settings):
        raise InvalidInput(f"Webhooks go to public addresses only, and {host} is none; list a public name or address.")
    if parts.scheme == "http" and (spelled is None or not spelled.is_loopback):
        raise InvalidInput("A webhook needs https.")
    return parts


def deliver_waiting(turns: Turns, settings: MuseSettings, now: datetime) -> tuple[int, int]:
    """Tries what is due in the outbox; how many were delivered, and how many failed."""
    delivered = failed = 0
    for subject in turns.waiting("webhook"):
        turn = turns.claim("webhook", subject, now)
        if turn is None:
            continue
        try:
            status = deliver(str(turn.detail["to"]), subject, turn.detail["message"], settings)
        except (NotDelivered, InvalidInput) as error:
            failed += 1
            _note_failure(turns, turn, str(error), now)
        else:
            delivered += 1
            turns.end(turn, "done", now, {"status": status})
    return delivered, failed


def _note_failure(turns: Turns, turn: Turn, why: str, now: datetime) -> None:
    if turn.queued_at is not None and now - turn.queued_at > GIVE_UP_AFTER:
        _log.error("The webhook of alarm %s was not delivered for 3 days and is given up: %s", turn.subject, why)
        turns.end(turn, "given_up", now, {"error": why})
        return
    wait = min(FIRST_WAIT_S * 2 ** min(turn.attempt - 1, 10), LONGEST_WAIT_S)
    _log.warning("The webhook of alarm %s failed, next attempt in %d s: %s", turn.subject, wait, why)
    turns.end(turn, "failed", now, {"error": why}, now + timedelta(seconds=wait))


def deliver(address: str, alarm_id: str, message: Mapping[str, Any], settings: MuseSettings) -> int:
    """Sends one message; the receiver's status. NotDelivered where that is not 2xx, or none came in time."""
    parts = check_address(address, settings)
    body = orjson.dumps(message)
    stamp = str(int(time.time()))
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "muse",
        "X-Muse-Alarm": alarm_id,
        "X-Muse-Timestamp": stamp,
        "X-Muse-Signature": f"sha256={signature(secret, stamp, body)}",
    }
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    ends = time.monotonic() + TIMEOUT_S
    try:
        status = _post(parts, path, body, headers, ends)
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered(f"{parts.hostname} gave no answer ({type(error).__name__}).") from None
    if not 200 <= status < 300:
        raise NotDelivered(f"{parts.hostname} answered {status}.")
    return status


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 of timestamp, dot and body; 64 hexadecimal digits."""
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def _post(parts: SplitResult, path: str, body: bytes, headers: Mapping[str, str], ends: float) -> int:
    """The status of one POST. The address that was judged is the one connected to, and a redirect is not followed."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(host, port)
    sock = socket.create_connection((_resolved(host, port), port), timeout=TIMEOUT_S)
    # A receiver that answers byte by byte would reset a timeout of the socket for ever.
    guard = threading.Timer(max(ends - time.monotonic(), 0.1), _shut, (sock,))
    guard.daemon = True
    guard.start()
    try:
        if parts.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        connection.sock = sock
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    finally:
        guard.cancel()
        connection.close()
        sock.close()


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _resolved(host: str, port: int) -> str:
    """The address to connect to. A name leads to public addresses only; an address was judged by `check_address`."""
    if _address(host) is not None:
        return host
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    addresses = [_address(one) for one in found]
    if not addresses or not all(one is not None and _public(one) for one in addresses):
        raise NotDelivered(f"{host} resolves to an address that is not public.")
    return sorted(found)[0]


def _address(host: str) -> Address | None:
    """The address that `host` spells out; None where it is a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _may_go_to(address: Address, settings: MuseSettings) -> bool:
    return _public(address) or (settings.webhook_loopback and address.is_loopback)


def _public(address: Address) -> bool:
    """Whether the whole world has it: an address within another one counts as that."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or _isatap(address)
        if within is not None:
            return _public(within)
        if address.is_site_local:
            return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _isatap(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The address of IPv4 to which a tunnel of ISATAP leads, by the last eight bytes."""
    marked = int(address) >> 32 & 0xFDFFFFFF == 0x5EFE  # the bit left out says whether that address is unique
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if marked else None
