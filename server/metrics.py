"""Counts of the calls, as Prometheus reads them."""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What the server did since it started. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.time()
        self._running = 0
        self._ended: Counter[tuple[str, str]] = Counter()
        self._buckets: Counter[tuple[str, int]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._spans: Counter[str] = Counter()
        self._looks: Counter[str] = Counter()

    def begin(self) -> None:
        with self._lock:
            self._running += 1

    def end(self, tool: str, outcome: str, elapsed_s: float, rows: int, size: int) -> None:
        with self._lock:
            self._running -= 1
            self._ended[tool, outcome] += 1
            self._buckets[tool, bisect_left(_BUCKETS_S, elapsed_s)] += 1
            self._seconds[tool] += elapsed_s  # type: ignore[assignment]  # a Counter adds up any numbers
            self._rows[tool] += rows
            self._bytes[tool] += size

    def refused(self, reason: str) -> None:
        """A request that did not get as far as a tool."""
        with self._lock:
            self._refused[reason] += 1

    def looked(self, found: bool) -> None:
        """A look into the cache of answers."""
        with self._lock:
            self._looks["hit" if found else "miss"] += 1

    def spans(self, stored: int, duplicates: int, ignored: int, rejected: int, quarantined: int) -> None:
        """What became of the spans of an export."""
        counts = {"stored": stored, "duplicate": duplicates, "ignored": ignored}
        with self._lock:
            self._spans.update(counts | {"rejected": rejected, "quarantined": quarantined})

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """The text exposition; `gauges` are further ones: name to help and value."""
        with self._lock:
            lines = [
                *_family("muse_calls_total", "counter", "Calls of tools by outcome.", self._calls()),
                *_family("muse_call_seconds", "histogram", "How long calls took.", self._histogram()),
                *_family("muse_rows_total", "counter", "Rows answered or stored.", _by_tool(self._rows)),
                *_family("muse_answer_bytes_total", "counter", "Bytes answered.", _by_tool(self._bytes)),
                *_family("muse_requests_refused_total", "counter", "Requests refused at the door.", self._doors()),
                *_family(
                    "muse_otlp_spans_total", "counter", "Spans received, by what became of them.", self._ended_spans()
                ),
                *_family("muse_cache_lookups_total", "counter", "Looks for an answer in the cache.", self._looked()),
                *_family("muse_calls_running", "gauge", "Calls under way.", [("", self._running)]),
                *_family("process_start_time_seconds", "gauge", "When the server started.", [("", self._started)]),
            ]
        for name, (words, value) in gauges.items():
            lines += _family(name, "gauge", words, [("", value)])
        return "\n".join(lines) + "\n"

    def _calls(self) -> Iterable[tuple[str, float]]:
        return [(f'{{tool="{tool}",outcome="{how}"}}', count) for (tool, how), count in sorted(self._ended.items())]

    def _doors(self) -> Iterable[tuple[str, float]]:
        return [(f'{{reason="{reason}"}}', count) for reason, count in sorted(self._refused.items())]

    def _looked(self) -> Iterable[tuple[str, float]]:
        return [(f'{{result="{result}"}}', count) for result, count in sorted(self._looks.items())]

    def _ended_spans(self) -> Iterable[tuple[str, float]]:
        return [(f'{{outcome="{outcome}"}}', count) for outcome, count in sorted(self._spans.items())]

    def _histogram(self) -> Iterable[tuple[str, float]]:
        for tool in sorted({tool for tool, _ in self._buckets}):
            total = 0
            for index, bound in enumerate([*map(str, _BUCKETS_S), "+Inf"]):
                total += self._buckets[tool, index]
                yield f'_bucket{{tool="{tool}",le="{bound}"}}', total
            yield f'_sum{{tool="{tool}"}}', self._seconds[tool]
            yield f'_count{{tool="{tool}"}}', total


def _by_tool(counts: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    return [(f'{{tool="{tool}"}}', count) for tool, count in sorted(counts.items())]


def _family(name: str, kind: str, words: str, samples: Iterable[tuple[str, float]]) -> list[str]:
    counted = (f"{name}{rest} {_number(value)}" for rest, value in samples)
    return [f"# HELP {name} {words}", f"# TYPE {name} {kind}", *counted]


def _number(value: float) -> str:
    """Every digit: a counter that moved in jumps, or a start to the hour, would measure nothing."""
    return str(int(value)) if value == int(value) else repr(value)


def resident_bytes() -> float:
    """Memory of this process in RAM, 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
