"""Clients of a balancer: writers who send a batch until it is acknowledged, and readers who know what must be there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2

REVISION = "2025-06-18"
SUMMARY = "get_performance_summary"


#: A word that no other event has.
KIND = "story"
_COUNT: dict[str, Any] = {"metrics": ["ui.events"], "days": 2, "filters": [{"column": "event_type", "value": KIND}]}


class NoAnswer(Exception):
    """The server went away, or refused for now: ask again."""


class Client:
    """One client with one session, wherever its requests go."""

    def __init__(self, url: str, token: str) -> None:
        self._web = httpx2.Client(timeout=30)
        self._url = url
        self._headers = {
            "Accept": "application/json, text/event-stream",
            "Mcp-Protocol-Version": REVISION,
            "Authorization": f"Bearer {token}",
        }
        info = {"name": "callers", "version": "1"}
        opened = self._post("initialize", protocolVersion=REVISION, capabilities={}, clientInfo=info)
        self._headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The tool's answer. Raises NoAnswer where there was none, AssertionError where it is a mistake."""
        answer = self._post("tools/call", name=tool, arguments=arguments)
        result = answer.json()["result"]
        if result["isError"]:
            raise NoAnswer(result["content"][0]["text"])
        found: dict[str, Any] = result["structuredContent"]
        return found

    def _post(self, method: str, **params: Any) -> httpx2.Response:
        said = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            answer = self._web.post(self._url, json=said, headers=self._headers)
        except httpx2.TransportError as error:
            raise NoAnswer(type(error).__name__) from None
        if answer.status_code != 200:
            raise NoAnswer(f"{answer.status_code} {answer.text[:200]}")
        return answer


@dataclass
class Seen:
    """What all callers saw together."""

    acknowledged: int = 0
    """Rows."""
    batches: int = 0
    answers: int = 0
    faults: list[str] = field(default_factory=list)
    again: dict[str, int] = field(default_factory=dict)
    """Why requests were sent again, and how often."""
    took_ms: list[float] = field(default_factory=list)
    """Of each summary that was answered, as its client saw it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_again(self, why: str) -> None:
        with self.lock:
            self.again[why[:60]] = self.again.get(why[:60], 0) + 1


def event() -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"ts": now, "session_id": str(uuid4()), "event_type": KIND, "latency_ms": 12.5}


def write(client: Client, seen: Seen, ended: threading.Event, rows: int = 20, pause_s: float = 0.0) -> None:
    while not ended.is_set():
        batch = [event() for _ in range(rows)]
        answer = _until_answered(seen, lambda batch=batch: client.call("insert_ui_events", rows=batch))  # type: ignore[misc]
        with seen.lock:
            seen.acknowledged += answer["inserted"] + answer["duplicates"]
            seen.batches += 1
            if answer["inserted"] + answer["duplicates"] != rows:
                seen.faults.append(f"a batch of {rows} was answered with {answer}")
        ended.wait(pause_s)


def read(client: Client, seen: Seen, ended: threading.Event) -> None:
    """Counts the events, which must be no fewer than were acknowledged before; and asks what nobody writes to."""
    turn = 0
    while not ended.is_set():
        turn += 1
        with seen.lock:
            known = seen.acknowledged
        if turn % 2:
            counted = _until_answered(seen, lambda: client.call("query_aggregate", **_COUNT))
            if (found := counted["rows"][0][0] if counted["rows"] else 0) < known:
                with seen.lock:
                    seen.faults.append(f"{found:,} events were counted when {known:,} had been acknowledged")
        else:
            _until_answered(seen, lambda: client.call("get_trend_data", metric="bench.latency_p95_ms"))
        with seen.lock:
            seen.answers += 1


def summarise(client: Client, seen: Seen, ended: threading.Event) -> None:
    """Asks for the summary again and again."""
    while not ended.is_set():
        started = time.perf_counter()
        _until_answered(seen, lambda: client.call(SUMMARY))
        with seen.lock:
            seen.took_ms.append((time.perf_counter() - started) * 1000)


def _until_answered(seen: Seen, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    while True:
        try:
            return ask()
        except NoAnswer as error:
            seen.note_again(str(error))
            time.sleep(0.05)
