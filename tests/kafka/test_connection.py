"""What is said where a broker refuses, and what is only a connection that broke."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import AccessRefused, CertificateRefused, MuseError
from chimera_metrics.integrations.kafka.connection import common, refusal

confluent_kafka = pytest.importorskip("confluent_kafka")
KafkaError = confluent_kafka.KafkaError
PASSWORD = SecretStr("right")
WHERE = "sasl_ssl://kafka:9093/bootstrap: "


@pytest.mark.parametrize(
    ("code", "said", "kind", "sentence"),
    [
        (
            KafkaError._AUTHENTICATION,
            "SASL authentication error: invalid credentials (after 12ms in state AUTH_REQ)",
            AccessRefused,
            "Kafka at kafka:9093 refuses the login (SASL authentication error: invalid credentials); see "
            "MUSE_KAFKA_USERNAME, MUSE_KAFKA_PASSWORD and MUSE_KAFKA_SASL.",
        ),
        (
            KafkaError._SSL,
            "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could "
            "not be verified (after 1ms in state SSL_HANDSHAKE)",
            CertificateRefused,
            "Kafka's certificate at kafka:9093 is not trusted; give the file of the CA that signed it as "
            "MUSE_KAFKA_CA_CERT, and see that --brokers names the host as the certificate does.",
        ),
        (
            KafkaError.GROUP_AUTHORIZATION_FAILED,
            "FindCoordinator response error: Group authorization failed.",
            AccessRefused,
            "Kafka at kafka:9093 refuses (FindCoordinator response error: Group authorization failed); see the "
            "rights of MUSE_KAFKA_USERNAME there.",
        ),
    ],
)
def test_a_refusal_is_a_sentence_with_a_next_step(code: int, said: str, kind: type[MuseError], sentence: str) -> None:
    found = refusal("kafka:9093", KafkaError(code, WHERE + said))
    assert type(found) is kind
    assert str(found) == sentence


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (KafkaError._AUTHENTICATION, "SASL authentication error: SaslAuthenticateRequest failed: Local: Timed out"),
        (KafkaError._AUTHENTICATION, "SASL PLAIN mechanism handshake failed: Local: Broker transport failure"),
        (KafkaError._SSL, "SSL handshake failed: Disconnected"),
        (KafkaError._TRANSPORT, "Connect failed: Connection refused"),
        (KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"),
    ],
)
def test_a_connection_that_breaks_is_no_refusal(code: int, said: str) -> None:
    assert refusal("kafka:9093", KafkaError(code, WHERE + said)) is None


@pytest.mark.parametrize(
    ("settings", "protocol"),
    [
        (MuseSettings(), "plaintext"),
        (MuseSettings(kafka_tls=True), "ssl"),
        (MuseSettings(kafka_username="muse", kafka_password=PASSWORD), "sasl_plaintext"),
        (MuseSettings(kafka_username="muse", kafka_password=PASSWORD, kafka_tls=True), "sasl_ssl"),
    ],
)
def test_user_and_tls_make_the_protocol(settings: MuseSettings, protocol: str) -> None:
    found = common("kafka:9093", settings)
    assert found["security.protocol"] == protocol
    assert ("sasl.mechanism" in found) == (settings.kafka_username is not None)
    confluent_kafka.Producer(found)
