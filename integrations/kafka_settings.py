"""The settings by which Kafka's brokers are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr


class KafkaSettings(BaseModel):
    """How `muse consume` shows itself to the brokers, and how it knows them."""

    kafka_tls: bool = Field(default=False, description="reach Kafka's brokers by TLS, their certificates verified")
    kafka_ca_cert: Path | None = Field(
        default=None, description="file of a private CA that signed the brokers' certificates"
    )
    kafka_cert: Path | None = Field(default=None, description="certificate file by which `muse consume` is known")
    kafka_key: Path | None = Field(default=None, description="file of that certificate's private key")
    kafka_username: str | None = Field(default=None, description="user on the brokers (SASL); unset: none")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="its password")
    kafka_sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="how the password is shown"
    )
