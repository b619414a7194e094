"""Secrets that a word announces in the forms of programs, files and sentences, with near misses that stay."""

from __future__ import annotations

import json

import pytest

from chimera_metrics.integrations.masking.columns import MANY, mask_column, mask_json, mask_text
from tests.masking.test_masking import AZ, HEX, SHA, UUID

PW = "Hunter2-xyz9"

MASKED: list[tuple[str, str]] = [
    # behind the word, with nothing between them
    (f"passwd {PW}", "passwd [secret]"),
    (f"(password {PW})", "(password [secret])"),
    (f'passphrase "{PW}"', 'passphrase "[secret]"'),
    (f"nmcli dev wifi connect x password {PW}", "nmcli dev wifi connect x password [secret]"),
    (f"password\t{PW}", "password\t[secret]"),
    ("password Hunter2_xyz.9x.", "password [secret]."),
    ("password Hunter2.xyz9, x", "password [secret], x"),
    ("password '2fast-4You!'", "password '[secret]'"),
    # behind a tag and in a list of YAML
    (f"password: !vault {PW}", "password: !vault [secret]"),
    (f"password: !!str {PW}", "password: !!str [secret]"),
    (f"password: !{PW} retry", "password: [secret] retry"),
    ("passwords:\n  - Hunter2xyz", "passwords:\n  - [secret]"),
    (f"secrets:\r\n- a1b2\r\n- none\r\n- '{PW}'\r\nx: 1", "secrets:\r\n- [secret]\r\n- none\r\n- '[secret]'\r\nx: 1"),
    ("passwords:\n" + "  - Hunter2xyz\n" * 9, "passwords:\n" + "  - [secret]\n" * 9),
    # names with another word behind them
    (f"secret_key_base: {HEX * 4}", "secret_key_base: [secret]"),
    (f"UPDATE users SET password_hash = '{PW}'", "UPDATE users SET password_hash = '[secret]'"),
    ("pass_word=letmein", "pass_word=[secret]"),
    ("wpa_psk=letmein9", "wpa_psk=[secret]"),
    (f"PresharedKey = {AZ}=", "PresharedKey = [secret]"),
    (f"APP_KEY=base64:{AZ}=", "APP_KEY=[secret]"),
    (f"api_key_v2={AZ}", "api_key_v2=[secret]"),
    ("pwd1: a1b2c3", "pwd1: [secret]"),
    ("PIN is 4839", "PIN is [secret]"),
    # JSON within a text, cut off or not
    *(
        (text.format(pw="letmein"), text.format(pw="[secret]"))
        for text in (
            'sent {{"password":{{"value":"{pw}"}}, "a":"b"}}',
            '{{"name":"password","value":"{pw}"}} refused',
            'body {{"key": "db_password", "value": "{pw}", "n',
            '{{"password": {{"type": "x", "value": "{pw}"',
        )
    ),
    *(
        (text.format(pw=PW), text.format(pw="[secret]"))
        for text in (
            '[["password","{pw}"]]',
            '{{"passwords": ["{pw}", "{pw}"], "n": ["a1"]}}',
            "[('api_key', '{pw}'), ('x', 'y1z2w3')]",
            "args: ['--password', '{pw}']",
        )
    ),
    # settings, attributes and calls
    *(
        (text.format(pw=PW), text.format(pw="[secret]"))
        for text in (
            "ansible_ssh_pass: {pw}",
            "ENV SECRET_KEY {pw}",
            '<property name="password">{pw}</property>',
            '<entry key="db.password">{pw}</entry>',
            '<add key="DbPassword" value="{pw}"/>',
            '<setting name="password" value="{pw}" />',
            '<setting name="password" serializeAs="String"><value>{pw}</value>',
            '<input type="password" name="p" value="{pw}">',
            "define('DB_PASSWORD', '{pw}');",
            "os.environ['DB_PASSWORD'] = '{pw}'",
            "auth=HTTPBasicAuth('u', '{pw}')",
            "get(url, auth=('u', '{pw}'))",
            "HELLO 3 AUTH default {pw}",
            "cmdkey /user:u /pass:{pw}",
        )
    ),
    ('<property name="password">letmein</property>', '<property name="password">[secret]</property>'),
    (f"AZURE_DEVOPS_EXT_PAT={AZ}", "AZURE_DEVOPS_EXT_PAT=[secret]"),
    (f"localStorage.setItem('token','{AZ}abc123')", "localStorage.setItem('token','[secret]')"),
    # keys and hashes by their shape
    *(
        (f"x {text} y", "x [secret] y")
        for text in (
            *(f"ya29.c.{AZ}", f"sk_{HEX}{HEX[:16]}", f"jina_{AZ}", f"fc-{HEX}", f"e2b_{HEX}{HEX[:8]}", f"rpa_{AZ}"),
            *(f"sk.eyJ1{AZ}.{AZ}", f"access_token$production$abc123def456${HEX}", f"sl.{AZ}{AZ}", f"v2.local.{AZ}{AZ}"),
            *(f"sha256~{AZ}{AZ[:9]}", "*" + (HEX + HEX[:8]).upper(), f"$P$B{AZ[:30]}", f"$H$9{AZ[:30]}"),
            *(f"$S$D{(AZ * 2)[:51]}", f"grub.pbkdf2.sha512.10000.{HEX.upper()}.{HEX.upper()}"),
        )
    ),
    (f"{{SSHA}}{AZ}==", "{SSHA}[secret]"),
    (f"user:500:{HEX}:{HEX}:::", "user:500:[secret]:::"),
    (f"a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {HEX}\n  {HEX}\nb", "a: !vault |\n  [secret]\nb"),
    (f"https://s.io/x?X-Goog-Signature={HEX}", "https://s.io/x?X-Goog-Signature=[secret]"),
    (f"https://hook.eu1.make.com/{AZ.lower()}", "https://hook.eu1.make.com/[secret]"),
    (f"https://maker.ifttt.com/trigger/x/with/key/{AZ}", "https://maker.ifttt.com/trigger/x/with/key/[secret]"),
]

KEPT: list[str] = [
    *("password reset-flow-v2 failed", "password policy-v2.1", "password 2026-05-31", "password auth_service_v2 down"),
    *(
        f"password {UUID}",
        "password reset2.html",
        "password db1.example.com",
        "password gpt-4o-2024",
        "password login-2fa",
    ),
    *(
        "password argon2id-hash",
        "password reset failed",
        "invalid password for user",
        "passwordless login",
        'password "x"',
    ),
    *("password: !vault", "password: -", "password: !secret db_password", "passwords:\n  - is required\n  - too short"),
    *(
        "tokens:\n  - the\n  - cat2x",
        "secrets:\n  - none\n",
        "the token limit is 4096",
        "prompt_tokens: 120",
        "pin_memory: true",
    ),
    *(
        "password_hash: bcrypt",
        "password_hash=sha256",
        "password_2=1",
        "token_v2: the",
        "api_key_version: 2",
        "pin: 13",
    ),
    *("mapping: 4839", "app key: missing", "password_hash mismatch", "psk: none", "pass-words game", "the pin 4839 of"),
    *('{"password": ["This field is required."]}', '{"errors": {"password": ["too short", "required"]}}'),
    *('"password": {"type": "string", "minLength": 8, "format": "password2"}', "['password', 'email', 'name']"),
    *('["password", "oauth2"]', "['token', 'the']", "d['token'] = 'the'", '{"tokens": ["the", "c4t"]}'),
    *(
        '<label for="password">Password1</label>',
        '<input type="password" placeholder="x1">',
        '<input type="password"/>',
    ),
    *(
        '<string name="password">Password</string>',
        '<div id="password">Enter it here 2 times</div>',
        "first pass: step2",
    ),
    *(
        "ENV MAX_TOKENS 512",
        "env secret_key missing",
        "ssh pass: true",
        "/a/pass:x1",
        "COMPAT_PAT=x",
        "auth=('u', None)",
    ),
    *('<property name="password">${pw}</property>', "define('DB_PASSWORD', '')", "['--token', '--verbose1']"),
    *(
        f"sk_{HEX[:8]}",
        f"* {SHA}",
        f"*{SHA}",
        f"sha256:{HEX}{HEX}",
        f"sl.{AZ}",
        "$P$ and $H$",
        "a::: b",
        "v2.local.name",
    ),
    *("token_count: 12", "max_tokens=4096", "tokenizer: gpt2", f"commit {SHA}", "password-reset-v2 1.2.3"),
]


@pytest.mark.parametrize(("text", "clean"), MASKED, ids=[ascii(text)[:60] for text, _ in MASKED])
def test_what_must_go_goes_and_the_rest_stays(text: str, clean: str) -> None:
    assert mask_text(text)[0] == clean
    assert mask_text(clean) == (clean, {})


@pytest.mark.parametrize("text", [text for text, clean in MASKED if '"' not in text], ids=lambda text: ascii(text)[:60])
def test_what_must_go_goes_within_json(text: str) -> None:
    assert mask_json(json.dumps({"a": [text]}))[0] == json.dumps({"a": [mask_text(text)[0]]})


@pytest.mark.parametrize("text", KEPT, ids=lambda text: ascii(text)[:60])
def test_a_near_miss_stays(text: str) -> None:
    assert mask_text(text) == (text, {})
    assert mask_json(json.dumps({"a": text}))[1] == {}


def test_many_texts_are_masked_like_few() -> None:
    found = mask_column("error_msg", [*(text for text, _ in MASKED), *KEPT, *["fine"] * MANY])[0]
    assert found[: len(MASKED) + len(KEPT)] == [*(clean for _, clean in MASKED), *KEPT]
