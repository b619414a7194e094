"""User agents become families, and families stay as they are."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.masking.user_agents import reduce_user_agent

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

AGENTS: list[tuple[str, str]] = [
    (f"{WINDOWS} Chrome/126.0.6478.127 Safari/537.36", "Chrome 126 / Windows"),
    (f"{WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87", "Edge 126 / Windows"),
    (f"{WINDOWS} Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0", "Opera 111 / Windows"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox 127 / Windows"),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", "Firefox 115 / Linux"),
    (f"{MAC} Version/17.5 Safari/605.1.15", "Safari 17 / macOS"),
    (f"{MAC} Chrome/126.0.0.0 Safari/537.36", "Chrome 126 / macOS"),
    (f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari 17 / iOS"),
    (f"{IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "Chrome 126 / iOS"),
    (f"{IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox 127 / iOS"),
    (f"{ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome 126 / Android"),
    (f"{ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet 25 / Android"),
    (f"{ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0", "Edge 126 / Android"),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/126.0.0.0 Safari/537.36",
        "Chrome 126 / ChromeOS",
    ),
    ("curl/8.5.0", "curl 8 / other"),
    ("python-requests/2.32.3", "python-requests 2 / other"),
    ("Go-http-client/1.1", "Go-http-client 1 / other"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot"),
    (f"{WINDOWS} HeadlessChrome/126.0.0.0 Safari/537.36", "bot"),
    ("Chrome 126 on Windows", "Chrome 126 / Windows"),
    ("jane.doe@example.com", "other"),
    ("", "other"),
    ("x" * 1_000_000, "other"),
]


@pytest.mark.parametrize(("agent", "family"), AGENTS)
def test_an_agent_becomes_its_family_and_the_family_stays(agent: str, family: str) -> None:
    assert reduce_user_agent(agent) == family
    assert reduce_user_agent(family) == family
