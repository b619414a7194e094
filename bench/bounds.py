"""Asks every allowed function and clause for as much as the guard lets it do, and prints those that overran.

    python -m bench.bounds [NAME …] [--minutes 30] [--again]

A statement overran if it took more than its limit and a second, or half more memory than its limit. It runs in a
process of its own, which is killed then. Results stand in `bench/bounds.tsv`, line by line, so that a run that was
stopped goes on where it was; `--again` asks for all of them once more. `--crowd` runs twelve of the worst at once,
beside a client that asks for 1.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.bounds_cases import SIZES, Ask, Example, aggregates, examples, statements
from bench.bounds_clauses import CLAUSES
from bench.bounds_crowd import crowd
from chimera_metrics.integrations.guard.functions import aggregate_names, function_names

RESULTS = Path(__file__).with_name("bounds.tsv")
HEAD = "name\ttried\trefused\tseconds\tmemory_mb\tworst"
_LIMIT_S, _AGGREGATE_LIMIT_S = 0.5, 2.0
_MEMORY_MB = 1_000
_GRACE_S = 1.0
# A function gets so much time for all that is tried with it.
_BUDGET_S = 2.5


@dataclass(frozen=True)
class Try:
    """What became of one statement."""

    how: str
    seconds: float
    memory_mb: float
    said: str = ""

    def overran(self, limit_s: float) -> bool:
        return self.seconds > limit_s + _GRACE_S or self.memory_mb > _MEMORY_MB * 1.5


class Worker:
    """The process that may be killed; another one takes its place."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._asked = 0
        self._folder = tempfile.TemporaryDirectory(prefix="muse-bounds-")
        self._begin()

    def _begin(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
        words = [sys.executable, "-m", "bench.bounds_worker", self._folder.name, str(self.limit_s), str(_MEMORY_MB)]
        self._process = subprocess.Popen(
            words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        begun = self._tried("SELECT 1", own=True, patience_s=60)
        if begun.how != "ok":
            self._end()
            raise RuntimeError(f"The worker does not answer SELECT 1 ({begun.how}); see what `{' '.join(words)}` says.")

    def ask(self, sql: str, own: bool = False, patience_s: float | None = None) -> Try:
        """What came of a statement; a worker that did not live through it is replaced."""
        tried = self._tried(sql, own, patience_s or self.limit_s + 3 * _GRACE_S)
        if tried.how in ("killed", "died"):
            self._end()
            self._begin()
        return tried

    def _tried(self, sql: str, own: bool, patience_s: float) -> Try:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        before = peak = _resident_mb(self._process.pid)
        cpu_s = _cpu_s(self._process.pid)
        self._asked += 1
        self._process.stdin.write(json.dumps({"id": self._asked, "sql": sql, "own": own}).encode() + b"\n")
        self._process.stdin.flush()
        started = time.monotonic()
        while not select.select([self._process.stdout], [], [], 0.02)[0]:
            peak = max(peak, _resident_mb(self._process.pid))
            took = min(time.monotonic() - started, _cpu_s(self._process.pid) - cpu_s)
            if took > patience_s or peak - before > _MEMORY_MB * 2:
                return Try("killed", took, peak - before)
        line = self._process.stdout.readline()
        if not line:
            return Try("died", time.monotonic() - started, peak - before)
        answer: dict[str, Any] = json.loads(line)
        if answer["id"] != self._asked:
            raise RuntimeError(f"The worker answered {answer}, not {sql}")
        # On a machine that others use too, a statement that waits for its turn has not overrun.
        took = min(answer["seconds"], _cpu_s(self._process.pid) - cpu_s)
        return Try(answer["how"], took, peak - before, answer["said"])

    def value(self, sql: str) -> str | None:
        found = self.ask(sql, own=True, patience_s=10)
        return found.said if found.how == "ok" else None

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._end()
        self._folder.cleanup()


def _cpu_s(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


@dataclass
class Row:
    """What is known of one function or clause."""

    name: str
    tried: int = 0
    refused: int = 0
    seconds: float = 0.0
    memory_mb: float = 0.0
    worst: str = ""

    def take(self, sql: str, found: Try, limit_s: float) -> bool:
        """Notes a try; whether it overran."""
        self.tried += 1
        self.refused += found.how == "statement_refused"
        # Time above the limit is what counts: a statement that ran to its limit did as it should.
        over = max(found.seconds - limit_s, 0.0) if found.how != "ok" else found.seconds
        if over >= self.seconds:
            self.seconds, self.worst = over, sql
        self.memory_mb = max(self.memory_mb, found.memory_mb)
        return found.overran(limit_s)

    def line(self) -> str:
        worst = " ".join(self.worst.split())[:160]
        return f"{self.name}\t{self.tried}\t{self.refused}\t{self.seconds:.2f}\t{self.memory_mb:.0f}\t{worst}"


def _largest_that_passes(worker: Worker, made: Any, row: Row) -> tuple[str, Try]:
    """The largest statement of a kind that the guard lets pass, and what became of it."""
    sql, found = "", Try("", 0.0, 0.0)
    for size in SIZES:
        sql = made(size)
        found = worker.ask(sql)
        if found.how != "statement_refused" or found.overran(worker.limit_s):
            break
        row.tried += 1
        row.refused += 1
    return sql, found


def _function(worker: Worker, name: str, known: list[Example]) -> Iterator[tuple[Row, str | None]]:
    row, started, overran = Row(name), time.monotonic(), None
    for example in known:
        for made in statements(name, example):
            if time.monotonic() - started > _BUDGET_S:
                break
            sql, found = _largest_that_passes(worker, made, row)
            if row.take(sql, found, worker.limit_s):
                overran = sql
    yield row, overran


def _aggregate(worker: Worker, name: str, known: list[Example]) -> Iterator[tuple[Row, str | None]]:
    row, overran = Row(name), None
    for sql in aggregates(name, known[0]):
        if row.take(sql, worker.ask(sql), worker.limit_s):
            overran = sql
    yield row, overran


def main() -> int:
    options = _options()
    if options.crowd:
        rows = sorted((line.split("\t") for line in _read().values()), key=lambda row: -float(row[3]))
        return crowd([row[5] for row in rows])
    fresh = options.again and not options.names
    done = {} if fresh or not RESULTS.exists() else _read()
    ends, overran = time.monotonic() + options.minutes * 60, []
    for limit_s, names, run in (
        (_LIMIT_S, sorted(function_names()), _function),
        (_AGGREGATE_LIMIT_S, sorted(aggregate_names()), _aggregate),
    ):
        wanted = [name for name in names if (name in options.names if options.names else name not in done)]
        if not wanted:
            continue
        with Worker(limit_s) as worker:
            for name, text in _documentation(worker.value, wanted).items():
                if time.monotonic() > ends:
                    break
                for row, sql in run(worker, name, examples(name, text, worker.value)):
                    done[row.name.lower()] = row.line()
                    _write(done)
                    if sql:
                        overran.append(sql)
                        print(f"OVERRAN {row.line()}", flush=True)
    overran += _clauses(done, options)
    print(_summary(done, overran))
    return 1 if overran else 0


def _clauses(done: dict[str, str], options: argparse.Namespace) -> list[str]:
    wanted = {
        name: sql
        for name, sql in CLAUSES.items()
        if (name.lower() in options.names if options.names else name.lower() not in done)
    }
    if not wanted:
        return []
    overran = []
    with Worker(_AGGREGATE_LIMIT_S) as worker:
        for name, sql in wanted.items():
            row = Row(name)
            if row.take(sql, worker.ask(sql), worker.limit_s):
                overran.append(sql)
                print(f"OVERRAN {row.line()}", flush=True)
            done[name.lower()] = row.line()
            _write(done)
    return overran


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", type=str.lower)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--crowd", action="store_true")
    return parser.parse_args()


def _documentation(ask: Ask, names: list[str]) -> dict[str, str]:
    """By the engine's own spelling of each name, what it says about the function; an alias has its target's."""
    listed = ", ".join(f"'{name}'" for name in names)
    text = ask(
        "SELECT toJSONString(groupArray((f.name, f.alias_to, if(f.examples = '', t.examples, f.examples)))) "
        "FROM system.functions AS f LEFT JOIN system.functions AS t ON f.alias_to = t.name "
        f"WHERE lower(f.name) IN ({listed})"
    )
    found = {}
    for name, target, documentation in json.loads(text or "[]"):
        found[name] = documentation.replace(f"{target}(", f"{name}(") if target else documentation
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _read() -> dict[str, str]:
    lines = RESULTS.read_text(encoding="utf-8").splitlines()[1:]
    return {line.partition("\t")[0].lower(): line for line in lines}


def _write(done: dict[str, str]) -> None:
    lines = [HEAD, *(done[name] for name in sorted(done))]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _summary(done: dict[str, str], overran: list[str]) -> str:
    rows = [line.split("\t") for line in done.values()]
    slowest = sorted(rows, key=lambda row: -float(row[3]))[:12]
    largest = max((float(row[4]) for row in rows), default=0.0)
    tries = sum(int(row[1]) for row in rows)
    lines = [
        f"{len(rows):,} functions and clauses, {tries:,} statements, {sum(int(row[2]) for row in rows):,} refused.",
        f"Most memory {largest:,.0f} MB at a limit of {_MEMORY_MB:,} MB. Seconds beyond the limit, or to the end:",
        *(f"  {float(row[3]):5.2f} s  {row[0]}: {row[5]}" for row in slowest),
        f"{len(overran)} overran." if overran else "Nothing overran.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
