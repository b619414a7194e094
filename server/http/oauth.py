"""OAuth resource-server mode: access tokens of an issuer, checked by its public keys; the SDK tells clients where."""

from __future__ import annotations

import json
import logging
import urllib.request
from typing import Any

import anyio
import jwt
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.server.catalog.callers import ROLE_CLAIM, Role

_log = logging.getLogger(__name__)
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY_S = 30
_TIMEOUT_S = 5
_LONGEST_NAME = 255
# Best first: the first scope that a token holds makes its role.
SCOPES: tuple[tuple[str, Role], ...] = (("muse:admin", "admin"), ("muse:write", "writer"), ("muse:read", "reader"))
READ_SCOPE = SCOPES[-1][0]


class JwtVerifier:
    """Accepts JWT access tokens of one issuer for one audience; their scopes say the role."""

    def __init__(self, issuer: str, audience: str, resource: str, jwks_url: str | None) -> None:
        self._issuer = issuer
        self._audience = audience
        self._resource = resource
        self._jwks_url = jwks_url
        self._keys: jwt.PyJWKClient | None = None

    async def verify_token(self, token: str) -> AccessToken | None:
        """The caller that a token names, None for whatever is wrong with it: a token may hold anything."""
        try:
            return self._access(await anyio.to_thread.run_sync(self._claims, token))
        except Exception as error:  # noqa: BLE001  # a library that reads others' bytes may raise anything
            _log.warning("An access token was refused: %s: %.200r", type(error).__name__, str(error))
            return None

    def _access(self, claims: dict[str, Any]) -> AccessToken:
        scopes = _scopes(claims)
        role = next((role for scope, role in SCOPES if scope in scopes), None)
        if role is None:
            raise ValueError(f"none of the scopes {', '.join(scope for scope, _ in SCOPES)}")
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= _LONGEST_NAME:
            raise ValueError("a subject that is no name")
        client = claims.get("client_id") or claims.get("azp")
        return AccessToken(
            token=subject,
            client_id=client if isinstance(client, str) else subject,
            scopes=sorted({*scopes, READ_SCOPE}),
            expires_at=int(claims["exp"]),
            resource=self._resource,
            subject=subject,
            claims={ROLE_CLAIM: role, "iss": claims["iss"]},
        )

    def _claims(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            self._keys = jwt.PyJWKClient(self._jwks_url or _discover(self._issuer), timeout=_TIMEOUT_S, cache_keys=True)
        key = self._keys.get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=_ALGORITHMS,
            audience=self._audience,
            issuer=self._issuer,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return claims


def _scopes(claims: dict[str, Any]) -> set[str]:
    """Under the first of the three names that holds scopes at all: words in a text, or a list of them."""
    for name in ("scope", "scp", "roles"):
        found = claims.get(name)
        if isinstance(found, str):
            return set(found.split())
        if isinstance(found, list):
            return {scope for scope in found if isinstance(scope, str)}
    return set()


def _discover(issuer: str) -> str:
    """Where the issuer keeps its keys, by its metadata (RFC 8414, OpenID Connect Discovery)."""
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        try:
            with urllib.request.urlopen(issuer.rstrip("/") + path, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # a setting
                return str(json.load(answer)["jwks_uri"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    raise ValueError(f"{issuer} does not say where its keys are; name them in MUSE_OAUTH_JWKS_URL")


def oauth(settings: MuseSettings) -> tuple[AuthSettings, JwtVerifier]:
    """The SDK's settings and our verifier, for `MUSE_OAUTH_ISSUER`."""
    if settings.oauth_issuer is None or settings.url is None:
        raise SettingsError(
            "MUSE_OAUTH_ISSUER needs MUSE_URL, the address under which clients reach this server, such as "
            "https://metrics.example.org/mcp: tokens are made out to it."
        )
    resource = AnyHttpUrl(settings.url)
    auth = AuthSettings(
        issuer_url=AnyHttpUrl(settings.oauth_issuer), resource_server_url=resource, required_scopes=[READ_SCOPE]
    )
    audience = settings.oauth_audience or settings.url
    return auth, JwtVerifier(settings.oauth_issuer, audience, str(auth.resource_server_url), settings.oauth_jwks_url)
