"""Addresses of machines and people beside what looks like them: versions, sections, times."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.masking.columns import MANY, mask_column, mask_text

MASKED: list[tuple[str, str]] = [
    ("192.168.001.010", "[ip]"),
    ("203.0.113.9-foo", "[ip]-foo"),
    ("203.0.113.9_x", "[ip]_x"),
    ("host_203.0.113.9", "host_[ip]"),
    ("ip-203.0.113.9", "ip-[ip]"),
    ("clickhouse 10.0.0.5:9000 refused", "clickhouse [ip]:9000 refused"),
    ("clickhouse 26.9.2.1:9000 refused", "clickhouse [ip]:9000 refused"),
    ("redis 10.0.0.5", "redis [ip]"),
    ("host 26.9.2.1", "host [ip]"),
    ("version 3 at 10.0.0.5", "version 3 at [ip]"),
    ('{"client": "10.0.0.5"}', '{"client": "[ip]"}'),
    ("64:ff9b::808:808", "[ip]"),
    ("0:0:0:0:0:0:0:1", "[ip]"),
    ("ff02::1 and fd12:3456::7", "[ip] and [ip]"),
    ("jane@example.com_x", "[email]_x"),
    ("jane@example.com-2024", "[email]-2024"),
]

KEPT: list[str] = [
    *(
        "ClickHouse 26.9.2.1",
        "chDB 26.9.2.1",
        "clickhouse-26.9.2.1",
        "clickhouse/26.9.2.1",
        "chdb_26.9.2.1",
        "chDB v26.9.2.1",
    ),
    *(
        "clickhouse-server:26.9.2.1",
        "ClickHouse server 26.9.2.1",
        "chdb@26.9.2.1",
        "(version 26.9.2.1 (official build))",
    ),
    *(
        '"app_version": "1.2.3.4"',
        "app_version=1.2.3.4",
        "appVersion: '1.2.3.4'",
        "versions 1.2.3.4",
        "version is 1.2.3.4",
    ),
    *("section 1.2.3.4", "Section 1.2.3.4.", "see § 1.2.3.4", "sections 1.2.3.4", "chapter 1.2.3.4", "OID 1.3.6.1"),
    *(
        "Chrome 126.0.0.0",
        "HeadlessChrome/126.0.0.0",
        "1.2.3.4-beta",
        "1.2.3.4-rc1",
        "1.2.3.4-SNAPSHOT",
        "release 1.2.3.4",
    ),
    *("time 10::20", "1:2:3:4:5:6:7:8", "10::", "a::b", "1::2", "ratio 3::4", "12:30:45::10"),
    *("2026-05-31T12:34:56.123+00:00", "550e8400-e29b-41d4-a716-446655440000", "3.14159", "v1.2.3.4", "pkg@1.2.3"),
    *("256.1.1.1-x", "1.2.3.4.5", "1.2.3.4.5-foo", "0192.168.1.1"),
]


@pytest.mark.parametrize(("text", "clean"), MASKED)
def test_an_address_goes(text: str, clean: str) -> None:
    assert mask_text(text)[0] == clean


@pytest.mark.parametrize("text", [*KEPT, *(clean for _, clean in MASKED)])
def test_what_only_looks_like_an_address_stays(text: str) -> None:
    assert mask_text(text) == (text, {})


def test_many_texts_are_masked_like_one() -> None:
    found = mask_column("error_msg", [*(text for text, _ in MASKED), *KEPT, *["fine"] * MANY])[0]
    assert found[: len(MASKED) + len(KEPT)] == [*(clean for _, clean in MASKED), *KEPT]
