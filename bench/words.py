"""The words that `bench/generate.py` draws from, with their weights. No word holds a single quote or a backslash."""

from __future__ import annotations

MODELS = (
    "llama-3.1-8b-instruct",
    "mistral-7b-instruct-v0.3",
    "qwen2.5-7b-instruct",
    "phi-3.5-mini-instruct",
    "gemma-2-9b-it",
)
MODEL_MS = (236.0, 242.0, 251.0, 174.0, 296.0)
QUANTS = ("q4_k_m", "q5_k_m", "q8_0", "fp16")
QUANT_FACTORS = (1.0, 1.07, 1.19, 1.42)
QUANT_MB = (6100.0, 6900.0, 9800.0, 16100.0)
DATASETS = ("banter-chat", "mt-bench", "gsm8k-200")
DATASET_FACTORS = (1.0, 1.12, 1.31)

SOURCES = {"banterpacks": 6, "banterhearts": 3, "council": 1}
LLM_MODELS = {"llama-3.1-8b-instruct": 8, "gpt-4o-mini": 6, "claude-sonnet-4": 2, "gpt-4o": 1}
OPERATIONS = {
    "answer": 9,
    "moderate": 4,
    "generate": 3,
    "judge_answers": 3,
    "embed_query": 2,
    "summarise_metrics": 1,
    "write_episode": 1,
}
LLM_STATUSES = {"success": 94, "failure": 4, "timeout": 2}
LLM_ERRORS = {
    "429 Too Many Requests: rate limit reached": 5,
    "500 Internal Server Error": 3,
    "502 Bad Gateway": 2,
    "context length exceeded": 2,
    "CUDA out of memory, tried to allocate 512 MiB": 1,
    "answer is not valid JSON": 2,
}

# Event type, weight after a session's first event, typical latency in ms (0: nobody waits for it, so it has none). The
# first one opens a session.
UI_EVENTS = (
    ("overlay_open", 1, 148.0),
    ("query_submit", 38, 186.0),
    ("response_view", 33, 462.0),
    ("copy_result", 9, 0.0),
    ("settings_open", 4, 96.0),
    ("overlay_close", 11, 0.0),
    ("error", 4, 514.0),
)
USER_AGENTS = {
    f"{browser} {version} {platform}": weight
    for browser, versions, platform, weight in (
        ("Chrome", (135, 136, 137), "Windows", 9),
        ("Chrome", (136, 137), "macOS", 6),
        ("Chrome", (136, 137), "Android", 6),
        ("Chrome", (136, 137), "Linux", 2),
        ("Edge", (136, 137), "Windows", 5),
        ("Firefox", (128, 138, 139), "Windows", 2),
        ("Firefox", (128, 139), "Linux", 1),
        ("Safari", (17, 18), "macOS", 4),
        ("Safari", (17, 18), "iOS", 6),
        ("Opera", (119, 121), "Windows", 1),
    )
    for version in versions
}
# Key, weight, and what its values lie below.
NUMBER_FACTS = (
    ("query_chars", 8, 400),
    ("tokens", 8, 600),
    ("history", 3, 12),
    ("scroll_px", 3, 4000),
    ("render_ms", 3, 250),
    ("queue_ms", 2, 900),
    ("tab_count", 1, 30),
    ("retries", 1, 4),
)
FACTS = {
    f'"{key}":"{value}"': weight
    for key, value, weight in (
        ("locale", "en-US", 8),
        ("locale", "en-GB", 3),
        ("locale", "de-DE", 3),
        ("locale", "fr-FR", 2),
        ("locale", "pt-BR", 2),
        ("locale", "ja-JP", 1),
        ("viewport", "1920x1080", 5),
        ("viewport", "1536x864", 3),
        ("viewport", "390x844", 3),
        ("viewport", "2560x1440", 1),
        ("theme", "dark", 4),
        ("theme", "light", 3),
        ("variant", "control", 2),
        ("variant", "treatment-b", 2),
        ("origin", "hotkey", 3),
        ("origin", "context-menu", 1),
    )
}

SERIES = {"chimera": 5, "banterpacks": 3, "hearts-weekly": 2}
TITLE_STARTS = {
    "What slow answers cost": 1,
    "The commit that made us wait": 1,
    "Reading the tail": 1,
    "When quantising pays": 1,
    "Who closes the overlay": 1,
    "Impatient readers": 1,
}
TITLE_ENDS = {"on a busy week": 1, "in numbers": 1, "and what to do": 1, "after the release": 1, "once more": 1}
EPISODE_STATUSES = {"published": 7, "draft": 2, "failed": 1}
DEPLOYMENT_STATUSES = {"ready": 8, "building": 1, "error": 1}
BUILD_ERRORS = {
    "Build failed: command npm run build exited with 1": 3,
    "Build failed: module not found": 2,
    "Deployment was cancelled": 1,
}
WATCHER_STATUSES = {
    "valid": 88,
    "degraded": 5,
    "missing_hearts": 3,
    "missing_packs": 1,
    "lag_exceeded": 2,
    "error": 1,
}
# How many errors a session has.
ERROR_COUNTS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2)
