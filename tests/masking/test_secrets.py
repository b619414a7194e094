"""Secrets as headers, commands, settings and sentences hold them, and what only reads like one."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.masking.columns import MANY, mask_column, mask_text
from tests.masking.test_masking import AZ, HEX

MASKED: list[tuple[str, str]] = [
    # the header, whatever the scheme
    ("Authorization: ApiKey abc123def456ghi", "Authorization: ApiKey [secret]"),
    ("Authorization: Negotiate YIIZaGVsbG8x", "Authorization: Negotiate [secret]"),
    ("Authorization: hmac user:secretvalue123", "Authorization: hmac [secret]"),
    ("Authorization: NTLM TlRMTVNTUAAB", "Authorization: NTLM [secret]"),
    ("Authorization: Foo abc123def456", "Authorization: Foo [secret]"),
    ("Authorization: abc123def456 xyz789abc", "Authorization: [secret]"),
    ('"Authorization": "ApiKey abc123def456ghi"', '"Authorization": "ApiKey [secret]"'),
    (
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/iam/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={HEX} then",
        "Authorization: AWS4-HMAC-SHA256 [secret] then",
    ),
    (f'Authorization: Digest username="jo", nonce="dcd98b", response="{HEX}"', "Authorization: Digest [secret]"),
    (
        f'Proxy-Authorization: OAuth realm="x y", oauth_signature="{AZ}"\nnext',
        "Proxy-Authorization: OAuth [secret]\nnext",
    ),
    ("Basic dXNlcjpwYXNzd29yZA== refused", "Basic [secret] refused"),
    ("curl -u admin:hunter2 https://x.io", "curl -u [secret] https://x.io"),
    ("curl --user 'admin:two words' x", "curl --user '[secret]' x"),
    ("curl -sS -uadmin:hunter2", "curl -sS -u[secret]"),
    # this server's own tokens
    (f"SELECT 'muse_d7c9e58052b8_{AZ}'", "SELECT '[secret]'"),
    # names of several words
    ("AWS Secret Access Key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS Secret Access Key: [secret]"),
    ("Secret key: abcdef0123456789", "Secret key: [secret]"),
    ("api key: abcd1234", "api key: [secret]"),
    ("Incorrect API key provided: abcd1234abcd1234", "Incorrect API key provided: [secret]"),
    ("invalid token given: abc123def", "invalid token given: [secret]"),
    # passwords
    ("DB_PASS=hunter2", "DB_PASS=[secret]"),
    ("SMTP_PASS=letmein", "SMTP_PASS=[secret]"),
    ("pass=hunter2", "pass=[secret]"),
    ("user=jo;pass=hunter2;x=1", "user=jo;pass=[secret];x=1"),
    ("mysqldump --password hunter2 db", "mysqldump --password [secret] db"),
    ("run --db-password 'letmein1' --x", "run --db-password '[secret]' --x"),
    ("cli --api-key abc123def", "cli --api-key [secret]"),
    ("--password=letmein", "--password=[secret]"),
    ("password is hunter2", "password is [secret]"),
    ("the password was 'S3cr3t!x', sorry", "the password was '[secret]', sorry"),
    ("passwords: hunter2x1", "passwords: [secret]"),
    ("secrets=abc,x", "secrets=[secret],x"),
    # makers' marks
    (f"xoxc-123456789012-{AZ}", "[secret]"),
    (f"xoxd-{AZ}", "[secret]"),
    (f"xapp-1-A012-{AZ}", "[secret]"),
    (f"https://api.telegram.org/bot123456789:{AZ}x/getMe", "https://api.telegram.org/bot[secret]/getMe"),
    (f"bot 123456789:{AZ}x stopped", "bot [secret] stopped"),
    (f"dapi{HEX}", "[secret]"),
    (f"dapi{HEX}-3", "[secret]"),
    (f"glsa_{AZ[:32]}_1a2b3c4d", "[secret]"),
    (f"dckr_pat_{AZ}", "[secret]"),
    (f"ATATT3xFfGF0{AZ}=1A2B", "[secret]"),
    (f"SK{HEX} is gone", "[secret] is gone"),
    ("sk-lf-12345678-1234-1234-1234-123456789abc", "[secret]"),
    ("sk-abc123def456ghi7", "[secret]"),
    # passwords of a database in its URL
    ("mongodb+srv://u:p@ss/w0rd@host.example.net/db?retry=1", "mongodb+srv://[secret]@host.example.net/db?retry=1"),
    ("postgres://u:a/b@db:5432/x", "postgres://[secret]@db:5432/x"),
    ("redis://:p/q@cache and mysql://r:t@h/d", "redis://[secret]@cache and mysql://[secret]@h/d"),
    # cookies
    ('{"cookie": "sid=abc"}', '{"cookie": "sid=[secret]"}'),
    ("cookies: sid=abc; lang=en", "cookies: sid=[secret]"),
]

KEPT: list[str] = [
    *("Authorization: required for this endpoint", "Authorization: none", "authorization: see docs/auth.md first"),
    *("Basic understanding", "basic authentication failed", "Basic plan: 10 seats", "visual basic programming"),
    *(
        "docker run -u 1000:1000 x",
        "curl -u 1000:1000",
        "chown -u root:root",
        "curl -v host:port",
        "git push -u origin a:b",
    ),
    *("access key: required", "secret key: tls.crt", "Access key: Alt+S", "api key: missing", "API keys: 2"),
    *(
        "pass=12 fail=3",
        "first_pass=0.91",
        "bypass=hunter2",
        "compass=n123",
        "pass=true",
        "pass=yes",
        "pass=2/3",
        "pass=100%",
    ),
    *("test pass: step2", "pass the salt", "multi_pass=off", "pass=[secret]"),
    *("use --password to set it", "--token is required", "per-token cost 5", "--password", "next-token a1b2c3"),
    *("password is required", "password is 8 characters long", "the password is base64-encoded", "password was sha256"),
    *("secret is out", "the password is at least 12 long", "passwords: 3", "secrets: none", "credentials: 12"),
    *("tokens used: 512", "tokens: 4096", "total_tokens=1200", "token used: 1200"),
    "sk-7b-instruct-v0-2-gguf-q4",
    *(
        "sk-llama3-70b-instruct-awq",
        "sk-learn-1-5-0-documentation",
        "dapi-client-generator",
        "SKU12345678",
        "task_SKIP",
    ),
    *(
        "12345678:90",
        f"12345678:{HEX}",
        f"{HEX[:8]}:{HEX}{HEX[:8]}",
        "2026-05-31T12:00:00",
        "glsa_short",
        "xapp-settings",
    ),
    *(
        "https://x.io/cb?code=404NotFoundErrorPage",
        "https://x.io/?key=MyVeryLongSettingName",
        "?code=internal-server-error-500",
    ),
    *(
        "http://h:80/a@b",
        "mongodb://host:27017/db@x",
        "postgres://host/db",
    ),
    *("cookie: chocolate", '"cookie": "accepted"', '{"auth": "oauth2"}'),
]


@pytest.mark.parametrize(("text", "clean"), MASKED)
def test_what_must_go_goes(text: str, clean: str) -> None:
    assert mask_text(text)[0] == clean


@pytest.mark.parametrize("text", [*KEPT, *(clean for _, clean in MASKED)])
def test_what_only_reads_like_a_secret_stays(text: str) -> None:
    assert mask_text(text) == (text, {})


@pytest.mark.parametrize("column", ["title", "url", "file_path", "error_msg"])
def test_many_texts_are_masked_like_one(column: str) -> None:
    found = mask_column(column, [*(text for text, _ in MASKED), *KEPT, *["fine"] * MANY])[0]
    assert found[: len(MASKED) + len(KEPT)] == [*(clean for _, clean in MASKED), *KEPT]


def test_an_authorization_with_a_known_code_is_masked_in_a_callback() -> None:
    url = f"https://x.io/cb?code={AZ}&state=1"
    assert mask_text(url)[0] == "https://x.io/cb?code=[secret]&state=1"


def test_a_url_of_a_registry_keeps_its_host() -> None:
    assert mask_text("https://u:p@registry.npmjs.org/@scope/pkg")[0] == "https://[secret]@registry.npmjs.org/@scope/pkg"
