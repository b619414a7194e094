"""The forms of what must go, with near misses that stay, and texts of everyday life of which nothing goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chimera_metrics.integrations.masking.columns import MANY, mask_column, mask_json, mask_text
from tests.masking.test_masking import AZ, HEX

HONEST = (Path(__file__).parent / "honest.txt").read_text(encoding="utf-8").splitlines()
KEY = AZ + AZ[:14]

# Text, and what of it must not be left.
GONE: list[tuple[str, str]] = [
    ("card 4111 1111 1111 1111 declined", "1111 1111"),
    ("4111-1111-1111-1111", "1111-1111"),
    ("paid with 5555555555554444.", "5555555555554444"),
    ("amex 3782 822463 10005", "822463"),
    ("378282246310005", "378282246310005"),
    ("6011111111111117", "6011111111111117"),
    ("card=30569309025904", "30569309025904"),
    ("3530 1113 3330 0000", "3330 0000"),
    ("call +1 (555) 867-5309 now", "867-5309"),
    ("tel +49 30 901820", "901820"),
    ("+4915112345678", "4915112345678"),
    ("+44 20 7946 0958", "7946"),
    ("(212) 555-0187", "555-0187"),
    ("212-555-0187", "555-0187"),
    ("212.555.0187", "555.0187"),
    ("phone: 030 901820", "901820"),
    ("mobile=07911123456", "07911123456"),
    ('{"phone": "5558675309"}', "5558675309"),
    ("ssn 123-45-6789", "45-6789"),
    ("SSN: 123456789", "123456789"),
    ("social security number is 123 45 6789", "45 6789"),
    ("078-05-1120", "05-1120"),
    ("DE89 3704 0044 0532 0130 00", "0532"),
    ("iban DE89370400440532013000 ok", "3704004405"),
    ("GB29NWBK60161331926819", "60161331926819"),
    ("NL91 ABNA 0417 1643 00.", "0417"),
    ("NL91 ABNA 0417164300 please", "0417164300"),
    ("BE68 5390 0754 7034", "0754"),
    ("x4111111111111111", "4111111111111111"),
    ("fr1420041010050500013m02606", "2004101005"),
    ("MT84MALT011000012345MTLCAST001S", "011000012345"),
    ("bob\u200b@example.com", "example"),
    ("b\u200bo\u2060b@exa\u00admple.com", "mple"),
    ("bob&#64;example.com", "example"),
    ("bob&#x40;example.com", "example"),
    ("bob&commat;example&period;com", "example"),
    ("bob\uff20example.com", "example"),
    ("bob\uff20example\uff0ecom", "example"),
    ("bob\\u0040example.com", "example"),
    ("bob%2540example.com", "example"),
    ("bob [at] example [dot] com", "example"),
    ("bob(at)example.com", "example"),
    ("aa:bb:cc:dd:ee:ff", "cc:dd"),
    ("00:1A:2B:3C:4D:5E up", "2B:3C"),
    ("00-1a-2b-3c-4d-5e", "2b-3c"),
    ("001a.2b3c.4d5e", "2b3c"),
    ("mysql -u root -phunter2 shop", "hunter2"),
    ("mysqldump -h db -phunter2x9 shop", "hunter2x9"),
    ("sshpass -p hunter2 ssh box", "hunter2"),
    ("redis-cli -h cache -a hunter2 ping", "hunter2"),
    ("docker login -u bob -p hunter2", "hunter2"),
    ("machine api.example.org login bob password hunter2", "hunter2"),
    ("login bob password hunter", "hunter"),
    ("<password>hunter</password>", "hunter"),
    ('<ns:Password Type="text">hunter2</ns:Password>', "hunter2"),
    ("<apiKey><![CDATA[hunter2]]></apiKey>", "hunter2"),
    ("CREATE USER bob IDENTIFIED BY 'hunter'", "hunter"),
    ("identified with sha256_password by 'hunter'", "hunter"),
    ("ALTER USER bob WITH PASSWORD 'hunter'", "hunter"),
    ("SET PASSWORD FOR bob = 'hunter2'", "hunter2"),
    ("password%3Dhunter2", "hunter2"),
    ("password%253Dhunter2&x", "hunter2"),
    ("password&#61;hunter2", "hunter2"),
    ("pass\u200bword=hunter2", "hunter2"),
    ("\uff50assword=hunter2", "hunter2"),
    ("password\\u003dhunter2", "hunter2"),
    ("password := 'hunter2'", "hunter2"),
    ("password => 'hunter2'", "hunter2"),
    (f"token%3D{HEX}", HEX[:8]),
    (f"g\u200bhp_{AZ}ab", AZ[:8]),
    (f"ghp_{AZ[:16]}\n{AZ[16:]}ab", AZ[16:]),
    (f"sk-ant-api03-{AZ[:10]}\r\n  {AZ[10:]}", AZ[20:]),
    (f"sk-proj-{AZ[:20]}\\n{AZ[20:]}", AZ[22:]),
    ("MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs", "ZnCjm1X"),
    ("mfa." + KEY + AZ, AZ[:9]),
]
MAKERS = (
    *(
        "pplx-",
        "ntn_",
        "figd_",
        "sbp_",
        "sb_secret_",
        "NRAK-",
        "PMAK-",
        "dp.pt.",
        "dp.st.dev.",
        "pscale_tkn_",
        "pscale_pw_",
    ),
    *(
        "hf_",
        "gsk_",
        "xai-",
        "tvly-",
        "lsv2_pt_",
        "pcsk_",
        "lin_api_",
        "glpat-",
        "gldt-",
        "glrt-",
        "hvb.",
        "tskey-auth-",
    ),
    *(
        "xkeysib-",
        "sq0csp-",
        "CFPAT-",
        "rdme_",
        "pnu_",
        "sgp_",
        "CCIPAT_",
        "pul-",
        "waka_",
        "npm_",
        "rubygems_",
        "nfp_",
    ),
    *(
        "apify_api_",
        "ATATT3",
        "sntrys_",
        "glc_",
        "GOCSPX-",
        "ya29.",
        "AIza",
        "vcp_",
        "EZAK",
        "rzp_live_",
        "duffel_live_",
    ),
)
GONE += [(f"key {mark}{KEY} used", KEY[:9]) for mark in MAKERS]
GONE += [
    (f"{mark}{'0123456789abcdef' * 3}"[: len(mark) + size], "456789ab")
    for mark, size in (("dop_v1_", 48), ("shpat_", 32))
]
GONE += [("AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2, "ZRY9X8"), (f"secret_{KEY[:43]}", KEY[:9])]

STAY = [
    *("4111 1111 1111 1112", "4111111111111112", "0.4111111111111111", "order 1234567890123456", "1716380000000"),
    *("1716380000000000", "1716380000000000000", "trace 4111111111111111111111", "12:34:56:07:08:09:10", "2024-05-01"),
    *("+00:00", "+0200", "1e+10", "C++17", "v1.2.3+20240101120000", "@@ -1,5 +1,6 @@", "+12.5 %", "rows +1234567"),
    *("000-12-3456", "666-12-3456", "123-00-4567", "123-45-0000", "2024-05-2026", "123-45-67890", "1-234-56-7890x"),
    *("DE89 3704 0044 0532 0130 01", "DE00370400440532013000", "XX89370400440532013000", "GB29NWBK6016133192681"),
    *(
        "look [at] this",
        "a &amp; b",
        "100%25 done",
        "x &#8211; y",
        "page%20one",
        "caf\u00e9 \u2013 na\u00efve",
        "\uff21\uff22\uff23",
    ),
    *("aa:bb:cc", "2024-05-01-12-30-45", "10.20.30", "1234.5678.9012", "sha256 aa:bb:cc:dd:ee:ff:00:11:22:33"),
    *(
        "mysql -u root -h db shop",
        "mysqldump --print-defaults",
        "docker login -u bob",
        "redis-cli ping",
        "login failed for bob",
    ),
    *(
        "<password/>",
        "<password></password>",
        "<keyboard>qwerty</keyboard>",
        "identified by id",
        "machine learning login page",
    ),
    *(
        "pplx-7b-online",
        "pplx-70b-chat",
        "sb_publishable",
        "figd_",
        "key-value store",
        "re_ranker_base_v2",
        "ntn_short",
    ),
    *("torch 2.1.0.1", "mac os 10.15.7.1", "macOS 14.2.1.3", "CUDA 12.4.1.0", "driver 31.0.15.5222", "numpy>=1.26.4.1"),
    *("app-1.2.3.4.tar.gz", "1.2.3.4.dev0", "java 17.0.9.1", "Windows 10.0.19045.3803", "onnxruntime 1.17.0.1"),
]


@pytest.mark.parametrize(("text", "secret"), GONE, ids=[ascii(text) for text, _ in GONE])
def test_what_must_go_goes_in_every_kind_of_column(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in mask_text(text)[0]
    assert secret not in mask_json(json.dumps({"a": [text]}))[0]
    assert secret not in mask_json(json.dumps({"a": [text]}, ensure_ascii=False))[0]
    json.loads(mask_json(json.dumps({"a": [text]}))[0])
    once = mask_text(text)[0]
    assert mask_text(once)[0] == once


def test_many_are_masked_as_few() -> None:
    texts = [text for text, _ in GONE]
    many = mask_column("error_msg", [*texts, *STAY, *HONEST, *["fine"] * MANY])[0]
    assert many[: len(texts)] == [mask_text(text)[0] for text in texts]
    assert many[len(texts) : -MANY] == [*STAY, *HONEST]


@pytest.mark.parametrize("text", STAY, ids=ascii)
def test_a_near_miss_stays(text: str) -> None:
    assert mask_text(text) == (text, {})


def test_nothing_goes_of_honest_texts() -> None:
    assert len(set(HONEST)) >= 200
    assert {text: mask_text(text)[0] for text in HONEST if mask_text(text)[1]} == {}
    assert [text for text in HONEST if mask_json(json.dumps({"a": text}))[1]] == []


def test_a_card_is_a_number_of_json_too() -> None:
    assert (
        mask_json('{"card": 4111111111111111, "id": 4111111111111112}')[0]
        == '{"card": "[card]", "id": 4111111111111112}'
    )
