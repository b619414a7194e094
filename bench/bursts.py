"""Bursts of calls over stdio, with doubled ids, cancels, interrupts and closed pipes: none lost, doubled or misrouted.

    python -m bench.bursts [--calls 13500] [--seed 1]

Every call asks for a number of its own, so that an answer shows which call it belongs to. A round is a server of its
own, and ends in one of four ways: the input ends and all is answered, the client leaves, the process is interrupted, or
the client stops reading.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import MUSE, environment

ENDS = ("input ends", "client leaves", "interrupt", "client stops reading")
PER_ROUND = 450
_LONGEST_BURST = 120
_SOME = 50
_ENDS_S = 30
_SLOW = "SELECT sum(number % 7) AS n FROM numbers(100000000000) SETTINGS max_threads = 1"


@dataclass
class Round:
    """What was asked in one round, and what came back."""

    end: str
    asked: dict[Any, list[int]] = field(default_factory=dict)
    cancelled: set[Any] = field(default_factory=set)
    answers: dict[Any, list[Any]] = field(default_factory=dict)
    recorded: int = 0
    code: int | None = None

    @property
    def calls(self) -> int:
        return sum(map(len, self.asked.values()))

    def faults(self) -> Iterator[str]:
        """What must not be: another call's answer, one too many or too few, a call without a line of the audit."""
        for id_, got in self.answers.items():
            wanted = Counter(self.asked.get(id_, []))
            if extra := Counter(got) - wanted:
                yield f"id {id_!r}: {dict(extra)} came, {dict(wanted)} was asked"
            if self.end == "input ends" and id_ not in self.cancelled and (lost := wanted - Counter(got)):
                yield f"id {id_!r}: {dict(lost)} was not answered"
        if self.end == "input ends":
            for id_ in self.asked.keys() - self.answers.keys() - self.cancelled:
                yield f"id {id_!r} was not answered"
            if self.recorded != self.calls:
                yield f"{self.calls} calls, {self.recorded} lines of the audit"
        elif len(self.answers) > self.recorded:
            yield f"{len(self.answers)} answers, {self.recorded} lines of the audit"
        if self.code is None:
            yield f"the server had not ended after {_ENDS_S} s"


def run_round(end: str, calls: int, rng: random.Random, store: ClickHouseSettings, folder: Path) -> Round:
    """One server, its calls in bursts, and its end."""
    found = Round(end)
    process = subprocess.Popen(
        [MUSE, "serve"],
        env=environment(store, folder, CH_TIMEOUT="20"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    reads = threading.Thread(target=_read, args=(process, found), daemon=True)
    info = {"name": "bursts", "version": "1"}
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
    _write(process, [{"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": hello}])
    reads.start()
    with contextlib.suppress(BrokenPipeError):
        for burst in _bursts(calls, rng, found):
            _write(process, burst)
            if rng.random() < 0.3:
                time.sleep(rng.random() / 20)
    _wait_for_some(found)
    _end(process, end)
    with contextlib.suppress(subprocess.TimeoutExpired):
        found.code = process.wait(_ENDS_S)
    process.kill()
    process.wait()
    reads.join(5)
    with contextlib.suppress(OSError):
        process.stdin.close()
    assert process.stdout is not None
    process.stdout.close()
    found.recorded = sum(len(path.read_bytes().splitlines()) for path in folder.rglob("calls-*.jsonl"))
    return found


def _bursts(calls: int, rng: random.Random, found: Round) -> Iterator[list[dict[str, Any]]]:
    number = 0
    while number < calls:
        burst: list[dict[str, Any]] = []
        for _ in range(min(rng.randint(1, _LONGEST_BURST), calls - number)):
            number += 1
            slow = rng.random() < 0.02
            doubled = rng.random() < 0.05 and found.asked
            id_ = rng.choice(list(found.asked)) if doubled else number if rng.random() < 0.5 else f"call-{number}"
            found.asked.setdefault(id_, []).append(number)
            sql = _SLOW if slow else f"SELECT {number} AS n"
            params = {"name": "query", "arguments": {"sql": sql}}
            burst.append({"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": params})
            if slow or rng.random() < 0.03:
                found.cancelled.add(id_)
                cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id_}}
                burst.append(cancel)
        yield burst


def _write(process: subprocess.Popen[bytes], messages: list[dict[str, Any]]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
    process.stdin.flush()


def _read(process: subprocess.Popen[bytes], found: Round) -> None:
    assert process.stdout is not None
    with contextlib.suppress(ValueError, OSError):  # closed meanwhile
        for line in process.stdout:
            message = json.loads(line)
            result = message.get("result", {})
            if "structuredContent" in result:
                [[number]] = result["structuredContent"]["rows"]
                found.answers.setdefault(message["id"], []).append(number)
            elif message["id"] != "hello":
                found.answers.setdefault(message["id"], []).append(str(result or message["error"])[:100])
            if found.end == "client stops reading" and len(found.answers) >= _SOME:
                return


def _wait_for_some(found: Round) -> None:
    """An end comes while some calls are answered and others run."""
    until = time.monotonic() + _ENDS_S
    while found.end != "input ends" and len(found.answers) < _SOME and time.monotonic() < until:
        time.sleep(0.001)


def _end(process: subprocess.Popen[bytes], end: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        if end == "interrupt":
            process.send_signal(signal.SIGINT)
            return
        process.stdin.close()
        if end == "client leaves":
            os.close(os.dup(process.stdout.fileno()))
            process.stdout.raw.close()  # type: ignore[attr-defined]  # the reader's lock is not waited for


def run(calls: int, seed: int) -> int:
    """How many faults there were in so many calls."""
    rng = random.Random(seed)
    done = faults = 0
    print(f"{'end':<22}{'calls':>7}{'answers':>9}{'recorded':>10}{'faults':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        store = ClickHouseSettings(path=str(Path(scratch, "store")))
        for number in range(10**6):
            if done >= calls:
                break
            folder = Path(scratch, str(number))
            folder.mkdir()
            found = run_round(ENDS[number % len(ENDS)], min(PER_ROUND, calls - done), rng, store, folder)
            wrong = list(found.faults())
            answers = sum(map(len, found.answers.values()))
            print(f"{found.end:<22}{found.calls:>7}{answers:>9}{found.recorded:>10}{len(wrong):>8}", flush=True)
            for fault in wrong[:5]:
                print(f"  {fault}")
            done, faults = done + found.calls, faults + len(wrong)
    print(f"{done:,} calls, {faults} faults")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=13_500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return 1 if run(given.calls, given.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
