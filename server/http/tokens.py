"""Bearer tokens: made once, shown once, kept as a hash.

A token holds 256 random bits, so that one round of SHA-256 keeps it safe at rest; slow hashes are for words that people
make up.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, get_args

import orjson
from mcp.server.auth.provider import AccessToken

from chimera_metrics.integrations.config import Settings, earlier_tokens_file, tokens_file
from chimera_metrics.integrations.errors import InvalidInput, MuseError, SettingsError
from chimera_metrics.integrations.private_files import open_private, private_folder, read_private, replace_private
from chimera_metrics.server.catalog.callers import ROLE_CLAIM, Role

_PREFIX = "muse"
_FORM = re.compile(rf"{_PREFIX}_([0-9a-f]{{12}})_([\w-]{{43}})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_log = logging.getLogger(__name__)


class TokensUnreadable(SettingsError):
    """The tokens file is damaged, a link, or not ours to read."""


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

    @classmethod
    def read(cls, entry: Any) -> Token:
        """The token of an entry of the file. Raises ValueError or TypeError for anything that is not one."""
        token = cls(**entry)
        texts = (token.token_id, token.name, token.hash, token.created)
        if not all(isinstance(text, str) for text in texts) or re.fullmatch("[0-9a-f]{64}", token.hash) is None:
            raise TypeError("not the fields of a token")
        if token.role not in get_args(Role):
            raise ValueError("not a role")
        if token.expires is not None and datetime.fromisoformat(token.expires).tzinfo is None:
            raise ValueError("not a time in UTC")
        return token


class TokenFile:
    """The tokens of one server. Read again when the file changes, so that a revoked token ends at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def tokens(self) -> list[Token]:
        """All tokens, oldest first. Raises TokensUnreadable for a file that holds something else."""
        self._refresh()
        return list(self._tokens.values())

    def exists(self) -> bool:
        return os.path.lexists(self.path)

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
            state = self.path.lstat()
        except FileNotFoundError:
            self._seen, self._tokens = None, {}
            return
        except OSError as error:
            raise self._unreadable(error.strerror) from None
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen == self._seen:
            return
        try:
            entries = orjson.loads(read_private(self.path))
            if not isinstance(entries, list):
                raise TypeError("not a list")
            self._tokens = {token.token_id: token for token in map(Token.read, entries)}
        except OSError as error:
            raise self._unreadable(error.strerror) from None
        except (ValueError, TypeError):
            raise self._unreadable("it does not hold what `muse token create` writes") from None
        self._seen = seen

    def _unreadable(self, why: str | None) -> TokensUnreadable:
        return TokensUnreadable(
            f"The tokens file {self.path} holds no tokens or cannot be read ({why}); put back the file that "
            "`muse token create` wrote, name it in MUSE_TOKENS_FILE, or move this one away and create new tokens."
        )

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time; the file is replaced whole, and only its owner may read it."""
        try:
            private_folder(self.path.parent)
            lock = open_private(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._seen = None
            self._refresh()
            yield
            try:
                body = orjson.dumps([asdict(token) for token in self._tokens.values()], option=orjson.OPT_INDENT_2)
                replace_private(self.path, body)
            except OSError as error:
                raise self._unwritable(error) from None
        finally:
            os.close(lock)
            self._seen = None

    def _unwritable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"The tokens file {self.path} cannot be written ({error.strerror or error}); correct the rights of its "
            "folder, or name another file in MUSE_TOKENS_FILE."
        )


class Tokens:
    """The tokens that open one store: those of its own file, and those of the file that version 0.1 had for all.

    The earlier file counts as long as it is there: a server must not lose its lock by an upgrade.
    """

    def __init__(self, own: TokenFile, earlier: TokenFile | None = None) -> None:
        self.own = own
        self.earlier = earlier if earlier is not None and earlier.path != own.path else None

    @property
    def files(self) -> list[TokenFile]:
        """Those that are there, the store's own first."""
        return [file for file in (self.own, self.earlier) if file is not None and file.exists()]

    def tokens(self) -> list[Token]:
        """All of them. Raises TokensUnreadable."""
        return [token for file in self.files for token in file.tokens()]

    def create(self, name: str, role: str, days: int | None) -> str:
        """Like `TokenFile.create`, in the store's own file; a name is taken once among all."""
        if self.earlier is not None and any(token.name == name for token in self.earlier.tokens()):
            raise InvalidInput(f"There is a token {name!r} already, in {self.earlier.path}; choose another name.")
        return self.own.create(name, role, days)

    def revoke(self, name: str) -> None:
        for file in self.files:
            if any(name in (token.name, token.token_id) for token in file.tokens()):
                file.revoke(name)
                return
        known = ", ".join(token.name for token in self.tokens()) or "none"
        raise InvalidInput(f"There is no token {name!r}; there are: {known}.")

    def verify(self, text: str) -> Token | None:
        found = [file.verify(text) for file in self.files]
        return next((token for token in found if token is not None), None)


class Verifies(Protocol):
    """What knows tokens: one file, or all that open a store."""

    def verify(self, text: str) -> Token | None: ...


class TokenVerifier:
    """The SDK's verifier for our own tokens; beside an issuer, they count for the same resource and scopes."""

    def __init__(self, file: Verifies, resource: str | None = None, scopes: Sequence[str] = ()) -> None:
        self._file = file
        self._resource = resource
        self._scopes = list(scopes)

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            found = self._file.verify(token)
        except MuseError as error:  # the door has answered 503 for it; whoever came through in between is nobody
            _log.error("%s", error)
            return None
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


def tokens_of(settings: Settings) -> Tokens:
    earlier = earlier_tokens_file(settings)
    return Tokens(TokenFile(tokens_file(settings)), None if earlier is None else TokenFile(earlier))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
