"""The settings of the server over HTTP: where it is reached, by whom, and how much it takes."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from chimera_metrics.integrations.setting_words import Address, Networks, Words


class HttpSettings(BaseModel):
    """How `muse serve` is reached over HTTP."""

    url: Address = Field(default=None, description="address under which clients reach it")
    allowed_hosts: Words = Field(default=(), description="further host names under which clients reach it")
    allowed_origins: Words = Field(default=(), description="origins of web pages that may call it")
    allowed_ips: Networks = Field(
        default=(), description="addresses that may call it, such as 10.0.0.0/8; all if empty"
    )
    trusted_proxies: Networks = Field(default=(), description="proxies whose X-Forwarded-For is believed")
    tls_cert: Path | None = Field(default=None, description="certificate file, to serve https")
    tls_key: Path | None = Field(default=None, description="file of the certificate's private key")
    tokens_file: Path | None = Field(
        default=None, description="file of bearer tokens' hashes, beside the data by default"
    )
    oauth_issuer: Address = Field(default=None, description="issuer whose tokens are accepted")
    oauth_jwks_url: Address = Field(default=None, description="its keys, if not where it says")
    oauth_audience: str | None = Field(default=None, description="audience of accepted tokens, MUSE_URL by default")
    rate_limit: int = Field(default=600, ge=0, description="requests a minute for each token, 0 for any number")
    anonymous_rate_limit: int | None = Field(
        default=None,
        ge=0,
        description="requests a minute for each address without a token; unset: `MUSE_RATE_LIMIT` if set, else 6000",
    )
    max_connections: int = Field(default=1000, ge=10, le=100_000, description="most connections over HTTP at once")
    max_connections_per_address: int = Field(
        default=250, ge=1, le=100_000, description="most of them from one address, proxies that are believed left out"
    )
    max_request_bytes: int = Field(default=16_000_000, ge=10_000, description="most bytes of one request")
    stateless: bool = Field(
        default=True, description="keep no sessions: a restart and a balancer before several servers cost no client"
    )

    @property
    def anonymous_per_minute(self) -> int:
        """Many people may share an address, so it is allowed more than one token unless somebody said a figure."""
        if self.anonymous_rate_limit is not None:
            return self.anonymous_rate_limit
        return self.rate_limit if "rate_limit" in self.model_fields_set else 6000
