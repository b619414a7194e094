"""Bearer tokens: made once, shown once, kept as a hash.

A token holds 256 random bits, so that one round of SHA-256 keeps it safe at rest; slow hashes are for words that people
make up.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import orjson
from mcp.server.auth.provider import AccessToken

from chimera_metrics.integrations.config import MuseSettings, data_folder
from chimera_metrics.integrations.errors import InvalidInput, SettingsError
from chimera_metrics.server.catalog.callers import ROLE_CLAIM, Role

_PREFIX = "muse"
_FORM = re.compile(rf"{_PREFIX}_([0-9a-f]{{12}})_([\w-]{{43}})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Token:
    """One token as it is kept: everything but the token. Times are ISO 8601 in UTC."""

    token_id: str
    name: str
    role: Role
    hash: str
    created: str
    expires: str | None

    @property
    def expired(self) -> bool:
        return self.expires is not None and datetime.fromisoformat(self.expires) <= datetime.now(UTC)


class TokenFile:
    """The tokens of one server. Read again when the file changes, so that a revoked token ends at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def tokens(self) -> list[Token]:
        """All tokens, oldest first. Raises SettingsError for a file that holds something else."""
        self._refresh()
        return list(self._tokens.values())

    def create(self, name: str, role: str, days: int | None) -> str:
        """Makes a token and returns it; it cannot be had again."""
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name!r} is no name for a token; use letters, digits and . _ @ -, at most 64.")
        if role not in get_args(Role):
            raise InvalidInput(f"{role!r} is no role; there are {', '.join(get_args(Role))}.")
        with self._changing():
            if any(token.name == name for token in self._tokens.values()):
                raise InvalidInput(f"There is a token {name!r} already; revoke it first, or choose another name.")
            token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
            now = datetime.now(UTC).replace(microsecond=0)
            expires = None if days is None else (now + timedelta(days=days)).isoformat()
            kept = Token(token_id, name, role, _hash(secret), now.isoformat(), expires)  # type: ignore[arg-type]
            self._tokens[token_id] = kept
        return f"{_PREFIX}_{token_id}_{secret}"

    def revoke(self, name: str) -> None:
        """Ends a token, also on a server that is running."""
        with self._changing():
            found = [token for token in self._tokens.values() if name in (token.name, token.token_id)]
            if not found:
                known = ", ".join(token.name for token in self._tokens.values()) or "none"
                raise InvalidInput(f"There is no token {name!r}; there are: {known}.")
            for token in found:
                del self._tokens[token.token_id]

    def verify(self, text: str) -> Token | None:
        """The live token that `text` is. Takes the same time for a wrong secret, whatever is wrong with it."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        self._refresh()
        token = self._tokens.get(found[1])
        right = hmac.compare_digest(_hash(found[2]), token.hash if token is not None else "0" * 64)
        return token if right and token is not None and not token.expired else None

    def _refresh(self) -> None:
        try:
            state = self.path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, {}
            return
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen == self._seen:
            return
        try:
            self._tokens = {entry["token_id"]: Token(**entry) for entry in orjson.loads(self.path.read_bytes())}
        except (OSError, orjson.JSONDecodeError, TypeError, KeyError):
            raise SettingsError(
                f"MUSE_TOKENS_FILE names {self.path}, which holds no tokens or cannot be read; "
                "name the file that `muse token create` wrote, or move it away and create new tokens."
            ) from None
        self._seen = seen

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time; the file is replaced whole, and only its owner may read it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._seen = None
            self._refresh()
            yield
            fresh = self.path.with_name(f"{self.path.name}.new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(orjson.dumps([asdict(token) for token in self._tokens.values()], option=orjson.OPT_INDENT_2))
            fresh.replace(self.path)
        finally:
            os.close(lock)
            self._seen = None


class TokenVerifier:
    """The SDK's verifier for our own tokens; beside an issuer, they count for the same resource and scopes."""

    def __init__(self, file: TokenFile, resource: str | None = None, scopes: Sequence[str] = ()) -> None:
        self._file = file
        self._resource = resource
        self._scopes = list(scopes)

    async def verify_token(self, token: str) -> AccessToken | None:
        found = self._file.verify(token)
        if found is None:
            return None
        expires = None if found.expires is None else int(datetime.fromisoformat(found.expires).timestamp())
        return AccessToken(
            token=found.token_id,  # an id is enough from here on; the secret goes no further
            client_id=found.name,
            scopes=self._scopes,
            expires_at=expires,
            resource=self._resource,
            subject=found.name,
            claims={ROLE_CLAIM: found.role},
        )


def token_file(settings: MuseSettings) -> TokenFile:
    return TokenFile(settings.tokens_file or data_folder() / "tokens.json")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
