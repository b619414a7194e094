"""The brokers: settings of confluent-kafka's clients, and whether they answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import (
    AccessRefused,
    CertificateRefused,
    InvalidInput,
    MuseError,
    SettingsError,
)

_ANSWER_S = 10.0
_LOOK_S = 1.0
#: How librdkafka begins what it says of its own: a connection that breaks in the midst of a login is no refusal.
_OWN = "Local: "
#: librdkafka's own lines on standard error end here: what matters of them comes as an error too.
_LOG_LEVEL = 2
#: Memory for messages that were fetched ahead, in kilobytes.
_AHEAD_KB = 16_384
# A store that does not answer must not cost the membership of the group.
_POLL_MS = 600_000


class BrokersUnreachable(MuseError):
    """No broker answers."""

    kind = "unreachable"


def library() -> Any:
    """confluent-kafka. Raises SettingsError where it is not installed."""
    try:
        import confluent_kafka
    except ImportError:
        raise SettingsError(
            "muse consume needs confluent-kafka: install it with `pip install 'chimera-metrics[kafka]'`."
        ) from None
    return confluent_kafka


def common(brokers: str, muse: MuseSettings) -> dict[str, Any]:
    """How the brokers are reached, for consumers and producers alike."""
    login, tls = muse.kafka_username is not None, muse.kafka_tls
    found: dict[str, Any] = {
        "bootstrap.servers": brokers,
        "client.id": "muse-consume",
        "log_level": _LOG_LEVEL,
        "security.protocol": {
            (False, False): "plaintext",
            (False, True): "ssl",
            (True, False): "sasl_plaintext",
            (True, True): "sasl_ssl",
        }[login, tls],
    }
    if login:
        found["sasl.mechanism"] = muse.kafka_sasl
        found["sasl.username"] = muse.kafka_username
        found["sasl.password"] = muse.kafka_password.get_secret_value()
    files = {"ssl.ca": muse.kafka_ca_cert, "ssl.certificate": muse.kafka_cert, "ssl.key": muse.kafka_key}
    found |= {f"{name}.location": str(file) for name, file in files.items() if file is not None}
    return found


def consumer_settings(brokers: str, group: str, muse: MuseSettings) -> dict[str, Any]:
    return common(brokers, muse) | {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "queued.max.messages.kbytes": _AHEAD_KB,
        "max.poll.interval.ms": _POLL_MS,
        "session.timeout.ms": 10_000,
    }


def producer_settings(brokers: str, muse: MuseSettings) -> dict[str, Any]:
    return common(brokers, muse) | {"enable.idempotence": False, "acks": "all", "linger.ms": 20}


def made(kind: Any, settings: dict[str, Any], *more: Any, **named: Any) -> Any:
    """A client of confluent-kafka. Raises SettingsError for what it does not take."""
    try:
        return kind(settings, *more, **named)
    except Exception as error:  # noqa: BLE001 - KafkaException, which is known only where it is installed
        raise SettingsError(
            f"Kafka's client does not take these settings ({_words(error)}); see MUSE_KAFKA_…."
        ) from None


def refusal(brokers: str, error: Any) -> MuseError | None:
    """What somebody must set right, of an error that confluent-kafka tells of; None where it may mend itself."""
    kinds = library().KafkaError
    code, said = error.code(), plain(error.str())
    if code == kinds._AUTHENTICATION and _OWN not in said:
        return AccessRefused(
            f"Kafka at {brokers} refuses the login ({said}); see MUSE_KAFKA_USERNAME, MUSE_KAFKA_PASSWORD and "
            "MUSE_KAFKA_SASL."
        )
    if code in (kinds.TOPIC_AUTHORIZATION_FAILED, kinds.GROUP_AUTHORIZATION_FAILED) or error.fatal():
        return AccessRefused(f"Kafka at {brokers} refuses ({said}); see the rights of MUSE_KAFKA_USERNAME there.")
    if code == kinds._SSL and "certificate" in said:
        return CertificateRefused(
            f"Kafka's certificate at {brokers} is not trusted; give the file of the CA that signed it as "
            "MUSE_KAFKA_CA_CERT, and see that --brokers names the host as the certificate does."
        )
    return None


def check_topic(client: Any, brokers: str, topic: str, refused: Callable[[], Exception | None]) -> None:
    """Raises a sentence where the brokers do not answer, or do not have the topic.

    `refused` says why they will not, once the client has told.
    """
    found = _listed(client, brokers, topic, refused)
    if found is None or found.error is not None or not found.partitions:
        raise InvalidInput(f"Kafka at {brokers} has no topic {topic}; make it there, or see --topic.")


def _listed(client: Any, brokers: str, topic: str, refused: Callable[[], Exception | None]) -> Any:
    until = time.monotonic() + _ANSWER_S
    while True:
        try:
            return client.list_topics(topic, timeout=_LOOK_S).topics.get(topic)
        except Exception as error:  # noqa: BLE001 - as above
            client.poll(0)  # has the errors told
            if (why := refused()) is not None:
                raise why from None
            if time.monotonic() > until:
                raise BrokersUnreachable(
                    f"Kafka at {brokers} gave no answer within {_ANSWER_S:g} s ({_words(error)}); see --brokers, and "
                    "MUSE_KAFKA_… for TLS and passwords."
                ) from None


def _words(error: Exception) -> str:
    """What confluent-kafka says, without its codes."""
    first = error.args[0] if error.args else error
    return str(first.str() if hasattr(first, "str") else first)


def plain(said: str) -> str:
    """Without the address before it, and the state and the full stop behind."""
    said = re.sub(r"^\S+://\S+: ", "", said)
    return re.sub(r" \(after \d+ms in state \w+[^)]*\)$", "", said).rstrip(".")
