"""The broker's half of PLAIN (RFC 4616) and SCRAM (RFC 5802)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import ClassVar

_ITERATIONS = 4_096


class Refused(Exception):
    """As Apache Kafka words it."""


class Login:
    """One connection's login."""

    MECHANISMS: ClassVar = {"PLAIN": "", "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self._mechanism = ""
        self._said: list[str] = []
        self._user = ""
        self._salt = secrets.token_bytes(16)
        self.done = False

    def begin(self, mechanism: str) -> bool:
        self._mechanism = mechanism
        return mechanism in self.MECHANISMS

    def answer(self, given: bytes) -> bytes:
        if self._mechanism == "PLAIN":
            _, user, password = given.decode().split("\0")
            self._check(hmac.compare_digest(self._users.get(user, "").encode(), password.encode()))
            return b""
        return self._first(given.decode()) if not self._said else self._final(given.decode())

    def _first(self, given: str) -> bytes:
        bare = given.removeprefix("n,,")
        said = dict(part.split("=", 1) for part in bare.split(","))
        self._user = said["n"]
        salt = base64.b64encode(self._salt).decode()
        self._said = [bare, f"r={said['r']}{secrets.token_hex(8)},s={salt},i={_ITERATIONS}"]
        return self._said[1].encode()

    def _final(self, given: str) -> bytes:
        digest = self.MECHANISMS[self._mechanism]
        unproven, _, proof = given.rpartition(",p=")
        message = ",".join([*self._said, unproven]).encode()
        password = self._users.get(self._user, secrets.token_hex()).encode()
        salted = hashlib.pbkdf2_hmac(digest, password, self._salt, _ITERATIONS)
        key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, key).digest(), message, digest)
        shown = bytes(one ^ other for one, other in zip(base64.b64decode(proof), signature, strict=True))
        self._check(hmac.compare_digest(shown, key))
        proved = hmac.digest(hmac.digest(salted, b"Server Key", digest), message, digest)
        return b"v=" + base64.b64encode(proved)

    def _check(self, right: bool) -> None:
        if not right:
            raise Refused(
                "Authentication failed during authentication due to invalid credentials with SASL mechanism "
                f"{self._mechanism}"
            )
        self.done = True
