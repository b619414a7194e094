"""Settings, from the environment or a `.env` file, parsed once, when a program starts.

`from chimera_metrics.integrations import config; config.clickhouse` parses the environment at that moment; nothing is
kept.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from chimera_metrics.integrations.cluster_settings import ClusterSettings
from chimera_metrics.integrations.dot_env import dot_env, warn_once
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.http_settings import HttpSettings
from chimera_metrics.integrations.kafka_settings import KafkaSettings
from chimera_metrics.integrations.setting_words import Words
from chimera_metrics.integrations.several_servers import SeveralServers
from chimera_metrics.integrations.store_address import NATIVE_PORT, absolute_path, other_names, take_apart, unopenable
from chimera_metrics.suggestions import nearest

# Variables of the same prefixes that are read elsewhere, so that they are not taken for misspellings.
FOREIGN = frozenset({"CH_TEST_URL"})


def _level(value: Any) -> Any:
    plain = value.strip().lower() if isinstance(value, str) else value
    return {"warn": "warning", "critical": "error", "fatal": "error"}.get(plain, plain)


def data_folder() -> Path:
    """The user's data folder, after the platform's custom."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "chimera-metrics"


def default_store_path() -> Path:
    return data_folder() / "store"


class _DotEnv(EnvSettingsSource):
    def _load_env_vars(self) -> dict[str, str | None]:
        return {name.lower(): value for name, value in dot_env().items()}


class _Group(BaseSettings):
    """Fields come from arguments, the environment, `.env`, in this order.

    A default is passed as `default=…`: a type checker without pydantic's plug-in takes a field for required otherwise.
    A wrong value is a SettingsError, one sentence that names the variable.
    """

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *given: Any, **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return sources["init_settings"], sources["env_settings"], _DotEnv(settings_cls)

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_sentence(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(given)
        except ValidationError as error:
            raise SettingsError(_sentence(cls, error)) from None


class ClickHouseSettings(ClusterSettings, _Group):
    """How ClickHouse is reached. `host` unset means the embedded engine on `path`."""

    model_config = SettingsConfigDict(env_prefix="CH_", frozen=True, extra="ignore")

    host: str | None = Field(default=None, description="unset: embedded; set: that ClickHouse server")
    port: int = Field(default=NATIVE_PORT, ge=1, le=65535, description="native protocol port")
    username: str = Field(default="default", min_length=1, description="user on the server")
    password: SecretStr = Field(default=SecretStr(""), description="its password")
    database: str = Field(default="chimera_metrics", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", description="database")
    secure: bool = Field(default=True, description="TLS, certificate verified")
    ca_cert: Path | None = Field(default=None, description="file of a private CA that signed the server's certificate")
    path: str = Field(default="", description="folder of the embedded store, `:memory:` for a throw-away")
    timeout: float = Field(default=30, gt=0, le=86400, description="seconds for one statement")
    compression: bool = Field(default=True, description="LZ4 on the wire")
    connection_pool_size: int = Field(
        default=10, ge=1, le=1000, description="connections; one caller more waits, at most `CH_TIMEOUT`"
    )
    retry_attempts: int = Field(default=3, ge=0, le=20, description="times that a failed statement is tried again")
    max_memory_mb: int = Field(default=4096, ge=64, description="memory that one statement may take, in MB")
    store_wait: float = Field(default=10, ge=0, le=3600, description="seconds to wait for an embedded store in use")
    store_idle: float = Field(
        default=60, ge=0, le=3600, description="seconds after which an idle embedded store is let go"
    )

    @model_validator(mode="before")
    @classmethod
    def _host_and_port(cls, given: Any) -> Any:
        return take_apart(given) if isinstance(given, dict) else given

    @field_validator("host", mode="before")
    @classmethod
    def _blank_host_is_unset(cls, value: Any) -> Any:
        return value.strip() or None if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def _path_is_absolute(cls, value: str, info: ValidationInfo) -> str:
        path = absolute_path(value)
        if path and info.data.get("host") is None and (needed := unopenable(path)) is not None:
            raise ValueError(f"{needed}; rename it, or name another")
        return path

    @property
    def embedded(self) -> bool:
        return self.host is None

    @property
    def store_path(self) -> str:
        return self.path or str(default_store_path())

    @property
    def where(self) -> str:
        """What to call the store in a sentence; never holds a secret."""
        return f"the embedded store {self.store_path}" if self.embedded else f"{self.host}:{self.port}"

    @property
    def in_words(self) -> str:
        """The engine, its place and the database; never holds a secret."""
        engine = "embedded chDB" if self.embedded else "ClickHouse server"
        place = self.store_path if self.embedded else f"{str(self.host).rpartition('@')[2]}:{self.port}"
        return f"{engine}, {place}, database {self.database}"


class MuseSettings(HttpSettings, KafkaSettings, SeveralServers, _Group):
    """What the server offers and how much of it."""

    model_config = SettingsConfigDict(env_prefix="MUSE_", frozen=True, extra="ignore")

    tools: Annotated[frozenset[Literal["query", "get", "insert", "watch"]], NoDecode] = Field(
        default=frozenset({"query", "get", "insert", "watch"}),
        description="groups of tools to offer, separated by commas",
    )
    tool_names: Literal["dotted", "underscored", "auto"] = Field(default="auto", description="form of the tools' names")
    tool_schemas: Literal["closed", "open"] = Field(
        default="closed", description="whether the tools' schemas say that they take no further arguments"
    )
    max_rows: int = Field(default=10_000, ge=1, le=1_000_000, description="most rows of one answer")
    max_result_bytes: int = Field(default=60_000, ge=1_000, le=100_000_000, description="most bytes of one answer")
    timezone: str = Field(
        default="UTC", description="zone of day, week and month buckets, by the rules of the pinned `tzdata` package"
    )
    source_dir: Path | None = Field(default=None, description="folder that `muse backfill` reads")
    masking: bool = Field(default=True, description="remove personal data before it is stored")
    audit: bool = Field(default=True, description="write every call to the audit log")
    audit_dir: Path | None = Field(default=None, description="folder of the audit files, beside the data by default")
    audit_max_mb: int = Field(default=1024, ge=1, description="most megabytes of audit files; the oldest go first")
    audit_days: int = Field(default=400, ge=1, description="days that audit files are kept")

    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_level)] = Field(
        default="info", description="least level of the lines that `muse serve` logs"
    )
    log_file: Path | None = Field(default=None, description="file of the log; unset: stderr")
    log_format: Literal["text", "json"] = Field(default="text", description="form of a line of the log")

    export_dir: Path | None = Field(default=None, description="folder of exported results, beside the data by default")
    export_max_mb: int = Field(default=1024, ge=1, description="most megabytes of exported results at once")

    otlp: bool = Field(default=False, description="take OpenTelemetry spans of calls of models at `/v1/traces`")
    prices: Path | None = Field(default=None, description="TOML file of prices by model, for spans without a cost")

    webhook_hosts: Words = Field(
        default=(), description="hosts, with a port if need be, that webhooks of watches may go to"
    )
    webhook_loopback: bool = Field(default=False, description="webhooks may go to a listed address of this machine too")
    webhook_secret: SecretStr | None = Field(default=None, min_length=16, description="secret that signs webhooks")

    hearts_within_minutes: float = Field(default=5, gt=0, description="minutes in which a commit's runs must be there")
    packs_within_minutes: float = Field(
        default=90, gt=0, description="minutes in which a commit's events must be there"
    )
    backup_dir: Path | None = Field(default=None, description="folder of backups, in the user's data folder by default")
    backup_within_hours: float | None = Field(
        default=None, gt=0, description="hours that the newest backup may be old in `muse status`; unset: any"
    )
    backup_disk: str | None = Field(
        default=None, description="a server's disk for backups; unset: files in its own folder"
    )
    statsd_host: str | None = Field(
        default=None, description="host of the DogStatsD agent that gets figures; unset: none"
    )
    statsd_port: int = Field(default=8125, ge=1, le=65535, description="its UDP port")
    statsd_tags: Words = Field(default=(), description="tags on every figure, such as env:prod,team:muse")

    @field_validator("tools", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value.strip().lower() in {"", "all"}:
                return {"query", "get", "insert", "watch"}
            return {word.strip() for word in value.split(",") if word.strip()}
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value == "UTC":
            return value
        # The question's own module, which takes a while to load.
        from chimera_metrics.analytics.window import zone_names

        names = zone_names()
        found = value if value in names else next((name for name in names if name.lower() == value.lower()), None)
        if found is None:
            raise ValueError("an IANA time zone such as UTC or Europe/Berlin")
        return found


G = TypeVar("G", bound=_Group)


@dataclass(frozen=True)
class Settings:
    clickhouse: ClickHouseSettings
    muse: MuseSettings


def tokens_file(settings: Settings) -> Path:
    """Where the tokens of this store lie: beside the data, because they open this store and no other."""
    if settings.muse.tokens_file is not None:
        return settings.muse.tokens_file
    clickhouse = settings.clickhouse
    if not clickhouse.embedded:
        name = re.sub(r"[^\w.-]", "_", f"{clickhouse.host}-{clickhouse.port}-{clickhouse.database}")
    elif clickhouse.store_path == ":memory:":
        name = "memory"
    else:
        store = Path(os.path.realpath(clickhouse.store_path))
        return store.with_name(f"{store.name}-tokens.json")
    return data_folder() / "tokens" / f"{name}.json"


def earlier_tokens_file(settings: Settings) -> Path | None:
    """Where version 0.1 kept the tokens of all stores of a user; None where a setting named another place."""
    return data_folder() / "tokens.json" if settings.muse.tokens_file is None else None


GROUPS: dict[str, type[_Group]] = {"CH_": ClickHouseSettings, "MUSE_": MuseSettings}
SECRETS = frozenset({"CH_PASSWORD", "MUSE_CACHE", "MUSE_KAFKA_PASSWORD", "MUSE_WEBHOOK_SECRET"})


def variables() -> dict[str, tuple[type[_Group], str]]:
    """Every variable: its group and the field that it sets."""
    return {f"{prefix}{name}".upper(): (group, name) for prefix, group in GROUPS.items() for name in group.model_fields}


def load() -> Settings:
    """Parses the environment and `.env`. Raises SettingsError with one sentence."""
    _refuse_misspelt()
    return Settings(clickhouse=parse(ClickHouseSettings), muse=parse(MuseSettings))


def parse(group: type[G], **given: Any) -> G:
    """One group of settings, what is `given` going before the environment."""
    return group(**given)


def _sentence(group: type[_Group], error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    variable = f"{group.model_config['env_prefix']}{name}".upper()
    holds = "a value that cannot be read" if variable in SECRETS else repr(first["input"])
    return f"{variable} holds {holds}, but takes {_takes(first)}: {group.model_fields[name].description}."


def _takes(error: Any) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "int_parsing" | "int_from_float":
            return "a whole number"
        case "float_parsing":
            return "a number"
        case "bool_parsing":
            return "true or false"
        case "literal_error":
            return f"one of {context['expected']}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return str(error["msg"]).replace("Input should be ", "a number ")
        case "string_too_short":
            return "a text that is not empty"
        case "string_pattern_mismatch":
            return "a name of letters, digits and underscores"
        case "value_error":
            return str(context["error"])
        case _:
            return str(error["msg"]).replace("Input should be ", "")


def _refuse_misspelt() -> None:
    known = set(variables())
    given = dot_env() | os.environ
    if (error := other_names(given)) is not None:
        raise error
    for variable in sorted(given):
        if variable in known or variable in FOREIGN or not variable.startswith(tuple(GROUPS)):
            continue
        if near := nearest(variable, known, letters=0.8, words=1):
            raise SettingsError(f"{variable} is not a setting; did you mean {near}?")
        # Another program's, perhaps. CH_ is so short a prefix that nothing is said of it.
        if variable.startswith("MUSE_"):
            warn_once(f"{variable} is not a setting of this program and is left alone; docs/settings.md lists them.")


def __getattr__(name: str) -> Any:
    if name == "clickhouse":
        return load().clickhouse
    if name == "muse":
        return load().muse
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
