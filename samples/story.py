"""The story that the samples tell: models and their levels, the planted regression, commits, words.

The `*_rows.py` turn it into rows, `make_samples.py` writes the files; README.md says it in prose.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

SEED = 116  # chosen so that the correlation holds at whatever hour the shift to now cuts the days
UTC = timezone.utc  # noqa: UP017  (also runs where datetime.UTC does not exist yet)
END = datetime(2026, 6, 30, 12, tzinfo=UTC)
START = END - timedelta(days=35)
UI_EVENTS, SESSIONS, LONGEST_SESSION, LLM_EVENTS = 1243, 176, 25, 60

Group = tuple[str, str, str]

# (model, quant, dataset): p50 and p95 in ms, tokens a second, cost of 1,000 tokens, peak memory in MB.
LEVELS: dict[Group, tuple[float, float, float, float, float]] = {
    ("llama-3.1-8b-instruct", "q4_k_m", "banter-chat"): (236.0, 412.0, 58.4, 0.000412, 6120.0),
    ("llama-3.1-8b-instruct", "q8_0", "banter-chat"): (281.0, 455.0, 44.9, 0.000538, 9870.0),
    ("mistral-7b-instruct-v0.3", "q4_k_m", "banter-chat"): (242.0, 421.0, 61.7, 0.000387, 5410.0),
    ("qwen2.5-7b-instruct", "fp16", "mt-bench"): (318.0, 486.0, 33.2, 0.000861, 15940.0),
    ("phi-3.5-mini-instruct", "q8_0", "gsm8k-200"): (204.0, 372.0, 79.5, 0.000244, 4630.0),
}
LLAMA_Q4, LLAMA_Q8, MISTRAL, QWEN, PHI = LEVELS

# The planted regression: the tail of one group grows with the sixth commit of Banterhearts and stays so.
REGRESSED = LLAMA_Q4
REGRESSION_FROM = datetime(2026, 6, 23, 13, 40, tzinfo=UTC)
REGRESSION = {"p50": 1.03, "p95": 1.28, "p99": 1.29, "speed": 0.97}
UI_REGRESSION = 1.22  # the overlay answers with that very model

# Month, day and hour of each run. No run of the regressed group lies 7 to 8 days before the end: a window of 7 whole
# days and today so far begins there, at an hour that depends on when the samples are ingested.
SCHEDULE: tuple[tuple[int, int, int, Group], ...] = (
    (5, 26, 14, MISTRAL), (5, 27, 3, LLAMA_Q8), (5, 28, 3, PHI), (5, 29, 3, LLAMA_Q4),
    (5, 31, 3, QWEN), (6, 1, 4, MISTRAL), (6, 3, 3, LLAMA_Q8), (6, 4, 3, LLAMA_Q4),
    (6, 6, 3, MISTRAL), (6, 7, 4, PHI), (6, 9, 3, LLAMA_Q8), (6, 11, 3, LLAMA_Q4),
    (6, 12, 3, QWEN), (6, 14, 3, MISTRAL), (6, 16, 3, LLAMA_Q4), (6, 17, 3, LLAMA_Q4),
    (6, 18, 3, PHI), (6, 19, 3, LLAMA_Q4), (6, 20, 3, LLAMA_Q8), (6, 21, 3, LLAMA_Q4),
    (6, 22, 3, LLAMA_Q4), (6, 23, 15, LLAMA_Q4), (6, 24, 3, LLAMA_Q4), (6, 25, 3, LLAMA_Q4),
    (6, 25, 4, QWEN), (6, 26, 3, LLAMA_Q4), (6, 27, 3, LLAMA_Q4), (6, 27, 4, PHI),
    (6, 28, 3, LLAMA_Q4), (6, 29, 3, LLAMA_Q4), (6, 30, 3, LLAMA_Q4),
)  # fmt: skip

# When each commit arrived (Banterhearts) or was deployed (Banterpacks).
HEARTS_COMMITS: tuple[tuple[datetime, str], ...] = (
    (START - timedelta(days=3), "8f4c1d2be07a95634d1c8e2f70b3a6519dc4e7f2"),
    (datetime(2026, 6, 2, 9, tzinfo=UTC), "1b7e90c35fa2d8464be1930c7d5e28fa60b94c13"),
    (datetime(2026, 6, 8, 16, tzinfo=UTC), "c05d3a9e81f7264b0e9dc2a7453186bf0d7a21e8"),
    (datetime(2026, 6, 13, 11, tzinfo=UTC), "47a2e6f1b98c03d57e4a10b6c9283fd5e1706ba4"),
    (datetime(2026, 6, 18, 14, tzinfo=UTC), "e93b0c7d6415af82d07c3e9b1f64a85207dce319"),
    (REGRESSION_FROM, "5d8a17f4c2e06b93a1f75d04e8c6293b7f10ad6e"),
    (datetime(2026, 6, 27, 10, tzinfo=UTC), "b61f0e8d43c9752ae0b84d1f96a37c25e41d80b9"),
)
PACKS_COMMITS: tuple[tuple[datetime, str], ...] = (
    (START - timedelta(days=2), "2c9e74b1d05fa3868e1b4d70c3f92a56107edb48"),
    (datetime(2026, 6, 5, 10, tzinfo=UTC), "a71d5f0c93e8264bd7f1082ec6b43a95f8d01e67"),
    (datetime(2026, 6, 15, 15, tzinfo=UTC), "60fb2e9d17c45a83e02d9b6f81c7354ae9d3170c"),
    (datetime(2026, 6, 24, 9, tzinfo=UTC), "d38c06a5f1e7924b8d05c3a1e76f204b9ce81d57"),
)
# Events of format 2 begin with the second deployment.
FORMAT_2_FROM = PACKS_COMMITS[1][0]

MAC, WINDOWS = "Macintosh; Intel Mac OS X 10_15_7", "Windows NT 10.0; Win64; x64"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
USER_AGENTS: tuple[tuple[str | None, int], ...] = (
    (f"Mozilla/5.0 ({WINDOWS}) {WEBKIT} Chrome/137.0.0.0 Safari/537.36", 30),
    (f"Mozilla/5.0 ({MAC}) {WEBKIT} Chrome/137.0.0.0 Safari/537.36", 14),
    (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/136.0.0.0 Safari/537.36", 6),
    (f"Mozilla/5.0 ({WINDOWS}) {WEBKIT} Chrome/137.0.0.0 Safari/537.36 Edg/137.0.3296.68", 12),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0", 8),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", 4),
    (f"Mozilla/5.0 ({MAC}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", 9),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Mobile/15E148 Safari/604.1",
        8,
    ),
    (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/137.0.0.0 Mobile Safari/537.36", 6),
    (f"Mozilla/5.0 ({WINDOWS}) {WEBKIT} Chrome/136.0.0.0 Safari/537.36 OPR/121.0.0.0", 2),
    (None, 4),
)

# Typical latency in ms by event; what the interface does not wait for has none.
UI_LATENCY_MS = {
    "overlay_open": 148.0,
    "query_submit": 186.0,
    "response_view": 462.0,
    "settings_open": 96.0,
    "error": 514.0,
}
UI_ERRORS = (
    ("UPSTREAM_TIMEOUT", "model did not answer within 30 s"),
    ("RATE_LIMITED", "too many requests, retry after 12 s"),
    ("RENDER_FAILED", 'cannot read "parts" of undefined, in renderAnswer'),
    ("NETWORK", "connexion interrompue après 2 essais"),
)
# What a careless client sends along, to be masked before it is stored. All of it is made up: example domains,
# documentation addresses, keys that say what they are.
SENSITIVE: tuple[dict[str, str], ...] = (
    {"contact": "jane.doe@example.com"},
    {"client_ip": "203.0.113.42"},
    {"note": "reply to marek.nowak@example.org please"},
    {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJleGFtcGxlIn0.bm90LWEtc2lnbmF0dXJl"},
    {"client_ip": "198.51.100.7"},
    {"apiKey": "sk-proj-EXAMPLEnotARealKey0000000000000000"},
    {"forwarded_for": "2001:db8:85a3::8a2e:370:7334"},
    {"feedback": "mail me: li.wei@example.net, or call"},
    {"github_token": "ghp_EXAMPLEnotARealToken00000000000000000"},
)

# source, operation, model, typical tokens in and out, milliseconds a token, price of 1,000 tokens in and out
CALLS: tuple[tuple[str, str, str, int, int, float, str | None, str | None], ...] = (
    ("banterhearts", "judge_answers", "gpt-4o-mini", 1850, 140, 9.0, "0.00015", "0.0006"),
    ("banterhearts", "generate", "llama-3.1-8b-instruct", 620, 210, 17.0, None, None),
    ("banterpacks", "answer", "llama-3.1-8b-instruct", 540, 180, 17.0, None, None),
    ("banterpacks", "moderate", "gpt-4o-mini", 310, 12, 11.0, "0.00015", "0.0006"),
    ("council", "summarise_metrics", "gpt-4o-mini", 3900, 480, 9.0, "0.00015", "0.0006"),
    ("council", "write_episode", "claude-sonnet-4", 5200, 1650, 14.0, "0.003", "0.015"),
)
FAILED_CALLS: dict[int, tuple[str, str]] = {
    4: ("failure", "429 Too Many Requests: rate limit reached, retry after 20 s"),
    9: ("timeout", "no answer within 30 s"),
    15: ("failure", "401 Unauthorized: incorrect API key provided: sk-EXAMPLEnotARealKey1111111111111111"),
    21: ("failure", "500 Internal Server Error (request 7f3a)"),
    26: ("timeout", "no answer within 30 s"),
    31: ("failure", "context length exceeded: 9,214 tokens, at most 8,192"),
    37: ("failure", "CUDA out of memory. Tried to allocate 512.00 MiB"),
    42: ("failure", "403 Forbidden: account ops@example.com has no access to this model"),
    46: ("timeout", "no answer within 30 s"),
    50: ("failure", 'answer is not JSON: expected "," at line 3, column 18'),
    54: ("timeout", "no answer within 30 s"),
    57: ("failure", "502 Bad Gateway from 198.51.100.23"),
}

# When, number, title, confidence, status, cost, tokens.
EPISODES: tuple[tuple[datetime, int, str, float, str, str, int], ...] = (
    (datetime(2026, 6, 12, 7, 30, tzinfo=UTC), 11, "What a busy week costs", 0.34, "failed", "0.061245", 14210),
    (datetime(2026, 6, 26, 7, 30, tzinfo=UTC), 12, "Impatient readers", 0.61, "published", "0.083910", 19877),
    (datetime(2026, 6, 29, 7, 30, tzinfo=UTC), 13, "The commit that made us wait", 0.55, "draft", "0.047302", 11034),
)
BUILD_ERROR = "Build failed: commit author dev@example.com has no access to the team"
