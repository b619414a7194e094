"""Metadata: what stands under a name that says secret goes, however nested; tokens that models read stay."""

from __future__ import annotations

import json
import time

import pytest

from chimera_metrics.integrations.masking.columns import MANY, mask_column, mask_json
from tests.masking.test_masking import AZ

MASKED: list[tuple[str, str]] = [
    ('{"password":["hunter2", "x"]}', '{"password":["[secret]", "[secret]"]}'),
    ('{"password":{"v":"hunter2"}, "a":"b"}', '{"password":{"v":"[secret]"}, "a":"b"}'),
    (
        '{"password":[[{"v":["x"], "n": 12}], 1234], "n": 12}',
        '{"password":[[{"v":["[secret]"], "n": "[secret]"}], "[secret]"], "n": 12}',
    ),
    ('{"passwords":"hunter2"}', '{"passwords":"[secret]"}'),
    ('{"api keys":["a"]}', '{"api keys":["[secret]"]}'),
    ('{"cookie":"sid=abc"}', '{"cookie":"[secret]"}'),
    ('{"headers":{"Set-Cookie":"sid=abc"}}', '{"headers":{"Set-Cookie":"[secret]"}}'),
    ('{"cookies":{"sid":"a1b2c3d4e5","consent":"yes"}}', '{"cookies":{"sid":"[secret]","consent":"yes"}}'),
    ('{"headers":{"Authorization":"ApiKey abc"}}', '{"headers":{"Authorization":"[secret]"}}'),
    ('{"auth":"hunter2abc"}', '{"auth":"[secret]"}'),
    ('{"auth":{"user":"jane","key":"k1j2h3g4f5"}}', '{"auth":{"user":"jane","key":"[secret]"}}'),
    ('{"pass":"hunter2x"}', '{"pass":"[secret]"}'),
    ('{"db_pass":"letmein"}', '{"db_pass":"[secret]"}'),
    ('{"token":123456789012}', '{"token":"[secret]"}'),
    ('{"token":"abc123def456"}', '{"token":"[secret]"}'),
    ('{"access_token":"x"}', '{"access_token":"[secret]"}'),
    ('{"name":"password","value":"hunter2"}', '{"name":"password","value":"[secret]"}'),
    ('{"value":"hunter2","name":"password"}', '{"value":"[secret]","name":"password"}'),
    (
        '[{"key":"x","value":"a"},{"key":"api_key","value":"b"}]',
        '[{"key":"x","value":"a"},{"key":"api_key","value":"[secret]"}]',
    ),
    ('{"name":"Cookie","value":"sid=abc"}', '{"name":"Cookie","value":"[secret]"}'),
    ('{"name":"password","value":{"v":"hunter2"}}', '{"name":"password","value":{"v":"[secret]"}}'),
    ('{"a":"Basic dXNlcjpwYXNzd29yZA=="}', '{"a":"Basic [secret]"}'),
    ('{"log":"{\\"token\\":\\"abc123\\"}"}', '{"log":"{\\"token\\":\\"[secret]\\"}"}'),
    *(
        (f'{{"{name}":"letmein"}}', f'{{"{name}":"[secret]"}}')
        for name in (
            *("passwordHash", "password_confirmation", "PASSWORD_2", "pwd1", "user_password_plain", "secretValue"),
            *("secret_key_base", "api_key_v2", "wpa_psk", "presharedKey", "pass_word", "accessTokenValue", "app_key"),
        )
    ),
    *(
        (f'{{"{name}":"{AZ}"}}', f'{{"{name}":"[secret]"}}')
        for name in ("jwt", "bearer", "csrf", "tokenValue", "token_v2", "xsrf")
    ),
    ('{"args":["--password","letmein","--v"]}', '{"args":["--password","[secret]","--v"]}'),
    ('["run","--api-key","abc","-x","b"]', '["run","--api-key","[secret]","-x","b"]'),
    ('{"otp":483920}', '{"otp":"[secret]"}'),
    ('{"otp":"483920"}', '{"otp":"[secret]"}'),
    ('{"pin":4839,"n":4839}', '{"pin":"[secret]","n":4839}'),
    ('{"user_pin":"4839"}', '{"user_pin":"[secret]"}'),
    ('{"verification_code":"483 920"}', '{"verification_code":"[secret]"}'),
    ('{"ssn":123456789}', '{"ssn":"[ssn]"}'),
    ('{"phone":12125550187}', '{"phone":"[phone]"}'),
    ('{"mobile_number":4915112345678}', '{"mobile_number":"[phone]"}'),
    ('{"version":"from 10.0.0.5", "b":"10.0.0.5"}', '{"version":"from [ip]", "b":"[ip]"}'),
]

KEPT: list[str] = [
    *(
        '{"app_version":"1.2.3.4"}',
        '{"version":"26.9.2.1"}',
        '{"engineVersion": "v26.9.2.1"}',
        '{"versions":["1.2.3.4"]}',
    ),
    *(
        '{"token":"the"}',
        '{"token":" hello"}',
        '{"token": "Ġ2024"}',
        '{"next_token":"world"}',
        '{"token":"<|endoftext|>"}',
    ),
    *(
        '{"tokens_in": 1200}',
        '{"token":50256}',
        '{"tokens":["the","cat"]}',
        '{"max_tokens":4096}',
        '{"token_type":"bearer"}',
    ),
    *('{"auth":"basic"}', '{"auth":"oauth2"}', '{"auth":true}', '{"pass":"yes"}', '{"pass":12}', '{"auth":"saml2.0"}'),
    *('{"cookie":"accepted"}', '{"cookies":3}', '{"cookies":{"analytics":"denied"}}', '{"bypass":"hunter2x"}'),
    *('{"name":"latency","value":"hunter2"}', '{"name":"forgot password","value":"clicked"}', '{"password":"","x":[]}'),
    *('{"password":null,"v":"x"}', '{"password":true}', '{"password":[]}', '{"password":{},"v":"x"}'),
    *('{"prompt_tokens":120,"max_tokens":4096,"token_count":7}', '{"tokenizer":"gpt2-v3x1"}', '{"passwordless":true}'),
    *(
        '{"pin_memory":true,"pin":13}',
        '{"password_hash":"bcrypt"}',
        '{"password_algorithm_v2":"x1"}',
        '{"jwt":"expired"}',
    ),
    *('{"csrf":true}', '{"password_changed_at":"2026-05-31"}', '{"password_length":12}', '{"secret_name":"db-main-2"}'),
    *('{"token_v2":"the"}', '{"otp":"required"}', '{"otp_enabled":1}', '{"phone":3}', '{"mobile":true}', '{"ssn":12}'),
    *('{"args":["--password","--verbose"]}', '["--max_tokens","512"]', '["--token","the"]', '{"password_2":true}'),
    *('{"pins":[4839]}', '{"spin":4839}', '{"error_code":483920}', '{"code":4839}', '{"tokens_v2":1200}'),
    *('{"a":[{"password":null}],"v":"x"}', '{"author":"jane","passenger":"x"}', '{"monkey":"x1y2z3"}'),
]


@pytest.mark.parametrize(("text", "clean"), MASKED)
def test_a_secret_goes_and_json_stays_json(text: str, clean: str) -> None:
    assert mask_column("metadata", [text])[0] == [clean]
    assert mask_json(clean) == (clean, {})
    json.loads(clean)


@pytest.mark.parametrize("text", KEPT)
def test_all_else_stays(text: str) -> None:
    assert mask_json(text) == (text, {})


def test_many_texts_are_masked_like_one() -> None:
    found = mask_column("metadata", [*(text for text, _ in MASKED), *KEPT, *["{}"] * MANY])[0]
    assert found[: len(MASKED) + len(KEPT)] == [*(clean for _, clean in MASKED), *KEPT]


def test_names_written_as_escapes_are_names() -> None:
    assert mask_json('{"p\\u0061ssword":{"v":["a"]}}')[0] == '{"p\\u0061ssword":{"v":["[secret]"]}}'


@pytest.mark.parametrize(
    "piece", ['{"password":[', '{"name":"password","value":', '[{"auth":', '["token",', '{"cookie":{"a":']
)
def test_depth_costs_no_more_than_length(piece: str) -> None:
    begin = time.process_time()
    mask_json(piece * (400_000 // len(piece)))
    mask_json("[" * 200_000 + f'"{AZ}", "password"' + "]" * 200_000)
    assert time.process_time() - begin < 3
