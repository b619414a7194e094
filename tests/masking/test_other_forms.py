"""Cards, phones, keys and addresses as people of many countries and programs write them, with near misses that stay."""

from __future__ import annotations

import json

import pytest

from chimera_metrics.integrations.masking.columns import MANY, mask_column, mask_json, mask_text
from tests.masking.test_masking import AZ, HEX

KEY = AZ + AZ[:14]
AWS = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CARD = "4111111111111111"
SEPARATORS = ("/", "_", "  ", " - ", "\u2011", "\u2013", "\u2009", "\u3000", "\n", "\u2212", "&nbsp;", "\\u00a0")

# Text, and what of it must not be left.
GONE: list[tuple[str, str]] = [
    *((mark.join(CARD[at : at + 4] for at in (0, 4, 8, 12)), f"1111{mark}1111") for mark in SEPARATORS),
    *((text, "1111111") for text in ("411111111111-1111", "4111 11111111 1111", "41111111 11111111")),
    *((f"{CARD}{rest}", "1111111") for rest in (",12/28,123", " 12/28 123", ",")),
    *((f"{ahead}{CARD}", "1111111") for ahead in ("1,", "12 ", "user_", "%")),
    ("4111 1111 1111 1111 123", "1111 1111"),
    ("card number 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "1 1 1 1"),
    ("card 4111,1111,1111,1111", "1111,1111"),
    ("cvv=123", "123"),
    ("DE89-3704-0044-0532-0130-00", "0532"),
    ("DE89\u20093704\u20090044\u20090532\u20090130\u200900", "0532"),
    ("DE 89 3704 0044 0532 0130 00", "0532"),
    ("0049 30 901820", "901820"),
    ("011 44 20 7946 0958", "7946"),
    ("8 (495) 123-45-67", "45-67"),
    ("(030) 901820", "901820"),
    ("+49\u201130\u2011901820", "901820"),
    ("+\u0664\u0669 \u0663\u0660 \u0669\u0660\u0661\u0668\u0662\u0660", "\u0661\u0668\u0662"),
    ("+1 212 555 0187x12", "0187"),
    ("call 020 7946 0958", "7946"),
    ("ring me on 07911 123456", "123456"),
    ("my number is 0151 12345678", "12345678"),
    ("Tel.: 030/901820", "901820"),
    ("Telefon: 030 901820", "901820"),
    ("t\u00e9l\u00e9phone : 01 23 45 67 89", "45 67"),
    ("handy 0151 12345678", "12345678"),
    ("123\u201145\u20116789", "6789"),
    ("ssn is: 123456789", "6789"),
    ("mac aabbccddeeff", "bbccdd"),
    ("MAC: 00 1A 2B 3C 4D 5E", "2B 3C"),
    ("bob (@) example.com", "example"),
    ("bob@example[.]com", "example"),
    ("bob<at>example.com", "example"),
    ("bob @ example.com", "example"),
    ("bob at example dot com", "example"),
    ('"bob"@example.com', "example"),
    ("bob*@example.com", "example"),
    ("bob%EF%BC%A0example.com", "example"),
    ("bob%u0040example.com", "example"),
    ("bob&amp;#64;example.com", "example"),
    ("bob\\U00000040example.com", "example"),
    ("bob\\100example.com", "example"),
    ("\U0001d41b\U0001d428\U0001d41b@\U0001d41e\U0001d431.com", "\U0001d431.com"),
    ("192[.]168[.]1[.]1", "168"),
    ("kafka 10.0.0.5:9092", "10.0"),
    ("nginx 203.0.113.77", "113"),
    ("go to 10.0.0.5", "10.0"),
]
GONE += [
    (text.format(aws=AWS), "MDENG")
    for text in ("AKIAIOSFODNN7EXAMPLE:{aws}", "AKIAIOSFODNN7EXAMPLE\n{aws}", "fs.s3a.secret.key={aws}")
]
GONE += [
    (text.format(key=KEY, hex=HEX), KEY[20:40] if "{key}" in text else HEX[8:24])
    for text in (
        "-----begin private key-----\n{key}",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{key}",
        "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 1\n{key}\nPrivate-MAC: {hex}",
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t{key}",
        "sk_org_live_{key}",
        "sess-{key}",
        "AQ.Ab8R{key}",
        "SWMTKN-1-{key}",
        "eyJrIjoi{key}",
        "eyJhbGciOiJkaXIifQ..{key}.{key}.{key}",
        "https://hooks.slack.com/workflows/T00/A00/1/{key}",
        "https://discord.com/api/v10/webhooks/123456789012345678/{key}",
        "nats://{key}@queue",
        "$2b$12${key}",
        "$6$saltsalt${key}",
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA${key}",
        "pbkdf2_sha256$260000$salt${key}",
        "scrypt:32768:8:1$salt${hex}{hex}",
        "Ocp-Apim-Subscription-Key: {hex}",
        "/x?jwt={key}",
    )
]
GONE += [
    (text.format(pw="hunter2x"), "hunter2x")
    for text in (
        *(
            "Passwort: {pw}",
            "contrase\u00f1a: {pw}",
            "mot de passe : {pw}",
            "\u043f\u0430\u0440\u043e\u043b\u044c: {pw}",
        ),
        *(
            "password is: {pw}",
            "password \u2192 {pw}",
            "password - {pw}",
            "password   {pw}",
            "pw={pw}",
            "creds: bob:{pw}",
        ),
        *("bob:{pw}@host", "jdbc:oracle:thin:scott/{pw}@//db:1521/x", "sqlplus scott/{pw}@db", "PHPSESSID={pw}"),
        *("password={{a;{pw}}}", "password: |\n  {pw}", 'DB_PASSWORD="a\\"{pw}"', "password=${pw}!", "pwd={pw}"),
        *(
            "curl -sSu bob:{pw} x",
            "http -a bob:{pw} GET x",
            "smbclient //h/s -U bob%{pw}",
            "openssl rsa -passin pass:{pw}",
        ),
        *(
            "keytool -storepass {pw}",
            "unzip -P {pw} a.zip",
            "7z x -p{pw} a.7z",
            "az login -u b -p {pw}",
            "sqlcmd -U sa -P {pw}",
        ),
        *("lftp -u bob,{pw} x", "htpasswd -nb bob {pw}", "htpasswd -b file bob {pw}", "requirepass {pw}", "AUTH {pw}"),
        *("echo {pw} | sudo -S ls", "echo {pw} | docker login -u b --password-stdin", "npm set //r/:_authToken {pw}"),
    )
]
GONE += [("otp=123456", "123456"), ("verification code: 123456", "123456"), ("one-time code is 123 456", "456")]

STAY = [
    *(
        "0,4111111111111111",
        "4096,2048,1024,5120",
        "1024 2048 4096 8192",
        "4111/1111/1111/1112",
        "2026-05-31/2026-06-01",
    ),
    *("00 44 20 79 46 09 58", "0012 3456 7890 1234", "pages (2019) 1234-1245", "f(12) 345", "issue (42) 2024-05-01"),
    *(
        "call 12345 failed",
        "call me at 10:30",
        "ring 0 of 4",
        "dial tone 440",
        "number is 12",
        "cell A1",
        "handy tip 42",
    ),
    *(
        "code: 404",
        "exit code: 137",
        "status code is 200",
        "cvs 1.2",
        "card 12 of 60",
        "cards: 1, 2, 3, 4, 5, 6, 7, 8, 9",
    ),
    *("at 10 requests were made by all users of it today", "mac os 10.15.7.1", "machine learning", "mac 12"),
    *(
        "look @ this",
        "run @ node.js",
        "(.) and [.]",
        "100 \u2013 200",
        "2019\u20132024",
        "a\u00a0b",
    ),
    *("python 3.11.7.1", "TensorRT 10.0.1.6", "Chrome 126.0.0.0", "java 17.0.9.1", "CUDA 12.4.1.0"),
    *(
        "$HOME/bin",
        "password=$PASS",
        "password=${PASS}",
        "password={password}",
        "password=%PASS%",
        "password=%s",
        "pw: <pw>",
    ),
    *(
        "password reset2",
        "password must be 8 characters",
        "password utf8mb4",
        "passwords - how to",
        "password is required",
    ),
    *(
        "image: node:18-alpine@sha256:abc",
        "npm:react18@beta",
        "$1$ and $2$",
        "costs $5 or $6",
        "private key of a table",
    ),
    *("unzip -p a.zip", "7z l a.7z", "curl -sS https://x.io", "echo ok | sudo tee x", "ffmpeg -pass 1 -i x", "sess-1"),
    *(
        "550e8400-e29b-41d4-a716-446655440000",
        "d41d8cd98f00b204e9800998ecf8427e",
        "1764176400000",
        "2026-05-31 12:30:05",
    ),
]


@pytest.mark.parametrize(("text", "secret"), GONE, ids=[ascii(text)[:60] for text, _ in GONE])
def test_what_must_go_goes_as_text_and_in_json(text: str, secret: str) -> None:
    assert secret in text
    once = mask_text(text)[0]
    assert secret not in once
    assert mask_text(once)[0] == once
    assert secret not in mask_json(json.dumps({"a": [text]}, ensure_ascii=False))[0]


@pytest.mark.parametrize("text", STAY, ids=ascii)
def test_a_near_miss_stays(text: str) -> None:
    assert mask_text(text) == (text, {})


def test_many_texts_are_masked_like_few() -> None:
    texts = [text for text, _ in GONE]
    many = mask_column("error_msg", [*texts, *STAY, *["fine"] * MANY])[0]
    assert many[: len(texts)] == [mask_text(text)[0] for text in texts]
    assert many[len(texts) : -MANY] == STAY
