"""What is taken out of texts, what only looks like it and stays, and that no text takes long."""

from __future__ import annotations

import json
import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_metrics.integrations.masking.columns import COLUMN_MASKS, mask_column, mask_json, mask_text
from chimera_metrics.integrations.masking.searching import ALL
from chimera_metrics.integrations.validation.column_path import mask_array
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.masked_values import mask_values
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.models import FACT_TABLES

# Put together here, so that no scanner takes a test for a leak.
AZ = "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zAbC"
HEX = "0123456789abcdef" * 2
SHA = "3f786850e387550fdaba836e7e6e3e1d2b8a9c4f"
UUID = "550e8400-e29b-41d4-a716-446655440000"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0." + "dozjgNryP4J3jVmNHl0w5N"
PEM = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE " + "KEY-----"

MASKED: list[tuple[str, str]] = [
    # e-mail addresses
    ("mail bob@example.com now", "mail [email] now"),
    ("<first.last+tag@mail.example.co.uk>", "<[email]>"),
    ("mailto:a_b-c%d@x-y.io", "mailto:[email]"),
    ("BOB@EXAMPLE.COM.", "[email]."),
    ("a@b.io,c@d.io", "[email],[email]"),
    ("user@163.com wrote", "[email] wrote"),
    ("jörg@münchen.de", "[email]"),
    ("q=bob%40example.com&x=1", "q=[email]&x=1"),
    ("ftp://bob@example.com/x", "ftp://[email]/x"),
    ("'o.neil@example.org'", "'[email]'"),
    # IPv4
    ("from 10.0.0.1", "from [ip]"),
    ("192.168.1.254:8080 refused", "[ip]:8080 refused"),
    ("http://203.0.113.7/x", "http://[ip]/x"),
    ("host/172.16.0.9:5432", "host/[ip]:5432"),
    ("(255.255.255.255)", "([ip])"),
    ("10.0.0.0/8", "[ip]/8"),
    ("ip=8.8.8.8, 8.8.4.4.", "ip=[ip], [ip]."),
    ("127.0.0.1", "[ip]"),
    # IPv6
    ("at 2001:db8::1", "at [ip]"),
    ("[::1]:9000", "[[ip]]:9000"),
    ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "[ip]"),
    ("fe80::1ff:fe23:4567:890a%eth0", "[ip]%eth0"),
    ("ip:2001:db8::8a2e:370:7334 down", "ip:[ip] down"),
    ("::ffff:192.0.2.128", "[ip]"),
    ("2001:DB8::A, next", "[ip], next"),
    # keys that begin with their maker's mark
    (f"sk-{AZ}", "[secret]"),
    (f"key sk-ant-api03-{AZ}.", "key [secret]."),
    (f"sk-proj-{AZ} used", "[secret] used"),
    (f"ghp_{AZ}ab", "[secret]"),
    (f"gho_{AZ}ab", "[secret]"),
    (f"github_pat_{AZ}_{AZ}", "[secret]"),
    (f"glpat-{AZ[:20]}", "[secret]"),
    ("AKIA" + "IOSFODNN7EXAMPLE", "[secret]"),
    ("ASIA" + "IOSFODNN7EXAMPLE", "[secret]"),
    (f"xoxb-123456789012-{AZ}", "[secret]"),
    (f"xoxp-{AZ}", "[secret]"),
    (f"AIza{AZ}x", "[secret]"),
    (f"npm_{AZ}ab", "[secret]"),
    (f"pypi-AgE{AZ}", "[secret]"),
    (f"hf_{AZ}", "[secret]"),
    (f"sk_live_{AZ}", "[secret]"),
    (f"rk_test_{AZ}", "[secret]"),
    (f"whsec_{AZ}", "[secret]"),
    (f"SG.{AZ}.{AZ}", "[secret]"),
    (f"gsk_{AZ}", "[secret]"),
    (f"hvs.{AZ}", "[secret]"),
    (f"ya29.{AZ}", "[secret]"),
    # tokens, headers, cookies
    (JWT, "[secret]"),
    (f"token {JWT} expired", "token [secret] expired"),
    ("Bearer abc123def456", "Bearer [secret]"),
    (f"authorization: bearer {AZ}", "authorization: bearer [secret]"),
    ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [secret]"),
    (f"Authorization: {AZ}", "Authorization: [secret]"),
    ("Set-Cookie: session=abc; Path=/", "Set-Cookie: session=[secret]"),
    # assignments
    ("password=hunter2", "password=[secret]"),
    ("password: hunter2, retry", "password: [secret], retry"),
    ('password = "two words"', 'password = "[secret]"'),
    ("{'password': 'letmein'}", "{'password': '[secret]'}"),
    ('{"api_key": "abc"}', '{"api_key": "[secret]"}'),
    ('{\\"token\\": \\"abc\\"}', '{\\"token\\": \\"[secret]\\"}'),
    ("PGPASSWORD=s3cret psql", "PGPASSWORD=[secret] psql"),
    ("db_passwd=x;user=y", "db_passwd=[secret];user=y"),
    ("client_secret=zzz&grant=1", "client_secret=[secret]&grant=1"),
    ("?access_token=zzz&x=1", "?access_token=[secret]&x=1"),
    ("apiKey=zzz", "apiKey=[secret]"),
    ("x-api-key: a1b2c3", "x-api-key: [secret]"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [secret]"),
    ("AccountKey=abc==;Endpoint=x", "AccountKey=[secret];Endpoint=x"),
    (f"password={UUID}", "password=[secret]"),
    (f"token={SHA}", "token=[secret]"),
    # a long random text beside a word that says secret
    (f"invalid api key {HEX}", "invalid api key [secret]"),
    (f"the token is {HEX}", "the token is [secret]"),
    (f"secret '{AZ}'", "secret '[secret]'"),
    # URLs and files
    ("postgres://user:pw@db:5432/x", "postgres://[secret]@db:5432/x"),
    ("https://:p@ss@host/x", "https://[secret]@host/x"),
    ("redis://default:p#w?d@cache:6379", "redis://[secret]@cache:6379"),
    (f"https://x.io/a?sig={AZ}&v=1", "https://x.io/a?sig=[secret]&v=1"),
    (f"https://maps.io/x?key={AZ}", "https://maps.io/x?key=[secret]"),
    (f"https://s3.io/x?X-Amz-Signature={HEX}", "https://s3.io/x?X-Amz-Signature=[secret]"),
    (f"https://hooks.slack.com/services/T0/B0/{AZ}", "https://hooks.slack.com/services/[secret]"),
    (f"before {PEM} after", "before [secret] after"),
    (PEM[:50], "[secret]"),
]

KEPT: list[str] = [
    # not e-mail addresses
    *("@dataclass above class", "user@", "@foo bar", "a@b", "root@localhost", "icon@2x.png", "logo@3x.jpg"),
    *("git@github.com:org/repo.git", "lodash@4.17.21", "pkg@1.2.3-beta.rc", "SELECT @@version", "x @ y.z", "a@b.c"),
    *("@scope/package", "5 @ 3.50 each", "meet @noon. Then go"),
    # not addresses of machines
    *("v1.2.3.4", "version 1.2.3.4", "Version: 1.2.3.4", "chdb==26.9.1.3", "1.2.3", "1.2.3.4.5", "256.1.1.1"),
    *(
        "Chrome/126.0.0.0 Safari",
        "1.2.3.4-beta",
        "999.999.999.999",
        "section 3.2.1",
        "10.5 ms",
        "x1.2.3.4",
        "0.1.2.3rc1",
    ),
    *("12:34:56", "2026-05-31T12:34:56Z", "12:34:56:07", "std::vector", "a::b", "dead::beef", "::", "x :: y"),
    *("tests/test_a.py::test_b", "16:9", "std::map<a::b>", "1:2:3", "key:12:34:56"),
    # not secrets
    *(
        "task-force-management-2024-plan",
        "sk-learn",
        "risk-averse-investor-1234567",
        "sk-",
        "ghp_short",
        "AKIA",
        "hf_hub",
    ),
    *("password", "password: incorrect", "wrong password.", "token: expired", "Unexpected token: }", "max_token=512"),
    *("tokens=512", "max_tokens: 4096", "tokens_per_sec=51.3", "token: 42", "Unexpected token <", "secret: none"),
    *("password=", "password=null", "password=***", "password=$DB_PASSWORD", "password=<hidden>", "password=${PW}"),
    *(
        "token_type=bearer",
        "bearer token missing",
        "Bearer authentication",
        "bearer of bad news",
        "Authorization: required",
    ),
    *("eyJ", "eyJhbGci", "eyJ.a.b", "secretary: Jane", "keyboard=qwerty", "monkey=banana", "primary key: id", "key=5"),
    *(
        "https://host:8080/path@v1",
        "http://host:80?mail=a",
        "https://x.io/a?sig=1",
        "https://x.io/?key=name",
        "a://b:c",
    ),
    *(
        SHA,
        f"commit {SHA} failed",
        UUID,
        f"run {UUID} failed",
        HEX,
        f"sha256:{HEX}{HEX}",
        "npm_config_cache=/x",
        "pypi-mirror",
    ),
    *(
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "Cookie: none",
        "the secret of good code is patience",
    ),
]


@pytest.mark.parametrize(("text", "clean"), MASKED)
def test_what_must_go_goes_and_the_rest_stays(text: str, clean: str) -> None:
    assert mask_text(text)[0] == clean


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert mask_text(text) == (text, {})


@pytest.mark.parametrize("text", [clean for _, clean in MASKED])
def test_a_masked_text_is_not_masked_again(text: str) -> None:
    assert mask_text(text) == (text, {})


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(MASKED) >= 60
    assert len(KEPT) >= 60


def test_each_replacement_is_counted_under_its_rule() -> None:
    text = "a@b.io and c@d.io from 10.0.0.1 with password=x1"
    assert mask_text(text) == (
        "[email] and [email] from [ip] with password=[secret]",
        {"secret": 1, "email": 2, "ip": 1},
    )


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ('{"who": "bob@example.com", "n": 1.50}', '{"who": "[email]", "n": 1.50}'),
        ('{"bob@example.com": [1, "10.0.0.1"]}', '{"[email]": [1, "[ip]"]}'),
        ('{"password": "letmein", "a": {"api_key" : "x"}}', '{"password": "[secret]", "a": {"api_key" : "[secret]"}}'),
        ('{"password": 12345678, "token": 12}', '{"password": "[secret]", "token": 12}'),
        ('{"\\u0070assword": "a\\"b"}', '{"\\u0070assword": "[secret]"}'),
        ('{"who": "bob\\u0040example.com", "x": "a\\nb"}', '{"who": "[email]", "x": "a\\nb"}'),
        ('{"a": "say \\"password=x1\\" now"}', '{"a": "say \\"password=[secret]\\" now"}'),
        ('{"n": 12345678901234567890, "t": "12:34:56"}', '{"n": 12345678901234567890, "t": "12:34:56"}'),
        ('{"password": "", "api_key": null, "secret": true}', '{"password": "", "api_key": null, "secret": true}'),
        ('{"Authorization": "opaque"}', '{"Authorization": "[secret]"}'),
    ],
)
def test_json_stays_json_and_is_touched_only_where_it_must_be(text: str, clean: str) -> None:
    assert mask_column("metadata", [text])[0] == [clean]
    assert mask_json(clean) == (clean, {})
    json.loads(clean)


def test_titles_urls_and_paths_lose_secrets_only() -> None:
    text = "bob@example.com at 10.0.0.1 password=x1"
    for column in ("title", "url", "file_path"):
        assert mask_column(column, [text, None]) == (
            ["bob@example.com at 10.0.0.1 password=[secret]", None],
            {"secret": 1},
        )


def test_every_column_of_text_that_a_caller_writes_has_its_rules() -> None:
    written = [rule for table in FACT_TABLES for rule in rules_of(table).rules if rule.kind in ("word", "text", "json")]
    assert [rule.masks or f"{rule.table}.{rule.name}" for rule in written] == [
        COLUMN_MASKS.get(rule.name, ALL) for rule in written
    ]


WORDS = [rule for table in FACT_TABLES for rule in rules_of(table).rules if rule.masks == ALL and rule.kind != "json"]


@pytest.mark.parametrize("rule", WORDS, ids=lambda rule: f"{rule.table}.{rule.name}")
def test_words_lose_what_texts_lose(rule: ColumnRule) -> None:
    given: list[str | None] = [
        "bob@example.com",
        None,
        "password=x1",
        "10.0.0.1",
        "gpt-4o-2024-08-06",
        "bob@example.com",
    ]
    clean = ["[email]", None, "password=[secret]", "[ip]", "gpt-4o-2024-08-06", "[email]"]
    assert mask_values(rule, given) == (clean, {"email": 2, "secret": 1, "ip": 1})
    array, counts = mask_array(rule, pa.array(given))
    assert (array.to_pylist(), counts) == (clean, {"email": 2, "secret": 1, "ip": 1})


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "a.",
            "a@",
            "@",
            "a@a.",
            "1.",
            "1.1.1.",
            ":",
            "::",
            "f:",
            "sk-",
            "sk-a",
            "eyJ",
            "eyJaaaaa.",
            "://",
            "://a:",
        ),
        *(
            "password",
            "password=",
            "token ",
            "token: ",
            "key",
            "-----BEGIN PRIVATE KEY-----",
            "bearer ",
            "cookie:",
            "%40",
        ),
        *(
            "a%40",
            "authorization:",
            "?sig=",
            " ",
            '"',
            "\\",
            "'",
            "secret is ",
            "xox",
            "ghp_",
            "-",
            "_",
            "İ",
            "SG.aaaaaaaaaaaaaaaa",
        ),
    ],
)
def test_a_megabyte_of_anything_takes_no_longer_than_it_is_long(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    begin = time.process_time()
    mask_text(text)
    mask_column("metadata", [json.dumps({"a": text[:100_000]})])
    assert time.process_time() - begin < 5  # a quadratic pattern takes minutes


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([text for text, _ in MASKED] + KEPT + [" ", '"', "=", "\n"]), max_size=5).map("".join))
def test_masking_twice_is_masking_once(text: str) -> None:
    once, _ = mask_text(text)
    assert mask_text(once)[0] == once
