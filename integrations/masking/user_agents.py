"""User agents reduced to browser, version family and platform: 'Chrome 126 / Windows'."""

from __future__ import annotations

import re

# The first that matches wins, so a browser stands before those that it claims to be: Edge says that it is Chrome,
# and Chrome that it is Safari.
BROWSERS: tuple[tuple[str, str], ...] = (
    ("bot", r"bot\b|bot/|crawler|spider|slurp|facebookexternalhit|preview|headlesschrome|lighthouse"),
    ("Edge", r"(?:edga?|edgios|edge)[/ ](\d{1,4})"),
    ("Opera", r"(?:opr|opera|opios|opt)[/ ](\d{1,4})"),
    ("Samsung Internet", r"samsung(?:browser/| internet )(\d{1,4})"),
    ("Firefox", r"(?:firefox|fxios)[/ ](\d{1,4})"),
    ("Chrome", r"(?:chrome|chromium|crios)[/ ](\d{1,4})"),
    ("Safari", r"version/(\d{1,4})[\d.]{0,20}(?: mobile/\w{1,20})? safari|\bsafari (\d{1,3})\b"),
    ("curl", r"\bcurl/(\d{1,4})"),
    ("python-requests", r"\bpython-requests/(\d{1,4})"),
    ("python-httpx", r"\bpython-httpx/(\d{1,4})"),
    ("aiohttp", r"\baiohttp/(\d{1,4})"),
    ("axios", r"\baxios/(\d{1,4})"),
    ("node-fetch", r"\bnode-fetch(?:/(\d{1,4}))?"),
    ("okhttp", r"\bokhttp/(\d{1,4})"),
    ("Go-http-client", r"\bgo-http-client/(\d{1,4})"),
    ("Wget", r"\bwget/(\d{1,4})"),
    ("Postman", r"\bpostmanruntime/(\d{1,4})"),
)
PLATFORMS: tuple[tuple[str, str], ...] = (
    ("Windows", r"windows"),
    ("Android", r"android"),
    ("iOS", r"\b(?:iphone|ipad|ipod|ios)\b"),
    ("macOS", r"macintosh|mac os x|macos"),
    ("ChromeOS", r"\bcros\b|chromeos"),
    ("Linux", r"linux|x11"),
)
OTHER = "other"
# What says who a program is stands early; a text of a megabyte is not read to its end.
_READ = 2_000

_BROWSERS = [(name, re.compile(pattern)) for name, pattern in BROWSERS]
_PLATFORMS = [(name, re.compile(pattern)) for name, pattern in PLATFORMS]


def _any_of(names: list[str]) -> str:
    return "|".join(map(re.escape, names))


_REDUCED = re.compile(
    rf"bot|{OTHER}|(?:{_any_of([name for name, _ in BROWSERS if name != 'bot'])})(?: \d{{1,4}})?"
    rf" / (?:{_any_of([name for name, _ in PLATFORMS])}|{OTHER})"
)


def reduce_user_agent(text: str) -> str:
    """The family of a user agent. What is already reduced stays as it is; what is not known becomes 'other'."""
    if _REDUCED.fullmatch(text):
        return text
    lowered = text[:_READ].lower()
    matches = ((name, pattern.search(lowered)) for name, pattern in _BROWSERS)
    browser, found = next((match for match in matches if match[1]), (OTHER, None))
    if found is None or browser == "bot":
        return browser
    version = next((f" {part}" for part in found.groups() if part), "")
    platform = next((name for name, place in _PLATFORMS if place.search(lowered)), OTHER)
    return f"{browser}{version} / {platform}"
