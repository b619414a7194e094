"""Faults on purpose, and what became of the rows: the table of docs/reliability.md.

    python -m bench.reliability --runs 500 --seed 1 [--write] [--replay SEED:RUN]

Each run sends one batch while something breaks, sends it again as a caller would until it is acknowledged, and then
counts: rows acknowledged, rows stored, rows in the rollup. What breaks, where and when is drawn from the seed and the
run's number alone, so that a failing run can be replayed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.evolution import runner
from tests.conftest import PASSWORD
from tests.support.native_wire.faults import INSERT_PHASES
from tests.support.wire_process import Wire
from tests.writing.killing import Killer, watch_renames
from tests.writing.rows import ROLLUPS, counts, make_rows

DOCUMENT = Path(__file__).parents[1] / "docs" / "reliability.md"
TABLES = ("ui_events", "llm_events", "bench_runs", "episodes", "session_stats")
SERVER, EMBEDDED = "server (native wire)", "embedded"
DEADLINE_S = 60
_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Plan:
    """One run, as drawn."""

    number: int
    seed: str
    engine: str
    table: str
    fault: str
    phase: str
    where: str
    """The table whose INSERT is hit: the batch's own, its rollup, or the ledger."""
    rows: int
    days: int
    nth: int
    delay_s: float


@dataclass
class Outcome:
    """What one run came to."""

    acknowledged: int
    stored: int
    rolled_up: int
    duplicates: int

    @property
    def lost(self) -> int:
        return max(0, self.acknowledged - min(self.stored, self.rolled_up))

    @property
    def doubled(self) -> int:
        return max(0, max(self.stored, self.rolled_up) - self.acknowledged)


def plan(seed: int, number: int) -> Plan:
    """The run's faults, by its seed and number."""
    rng = random.Random(f"{seed}:{number}")
    table = rng.choice(TABLES)
    where = rng.choice([table, table, "insert_ledger", *([ROLLUPS[table]] if table in ROLLUPS else [])])
    kind = rng.random()
    if kind < 0.68:
        engine, phase = SERVER, rng.choice(INSERT_PHASES)
        fault = rng.choice(["cut", "cut", "cut", "refuse", "delay", "restart", "kill"])
        where = "insert_ledger" if where == "insert_ledger" else table
    elif kind < 0.86:
        engine, fault, phase = EMBEDDED, "kill -9", "at the rename of a part"
    else:
        engine, fault, phase, where = EMBEDDED, "kill -9", "at a random moment", "any"
    return Plan(
        number, f"{seed}:{number}", engine, table, fault, phase, where,
        rows=rng.choice([1, 20, 200]), days=rng.choice([1, 2, 5]), nth=rng.randint(1, 3), delay_s=rng.uniform(0, 0.25),
    )  # fmt: skip


def send_until_acknowledged(client: ClickHouseClient, run: Plan) -> int:
    """As a caller would: the same call again until an answer says that the rows are stored."""
    rows, end = make_rows(run.table, run.rows, hash_of(run.seed), run.days), time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        try:
            answer = client.insert(run.table, rows)
        except MuseError:
            time.sleep(0.05)
            continue
        if answer["received"] != sum(answer[n] for n in ("inserted", "duplicates", "rejected_count", "quarantined")):
            raise AssertionError(f"The answer does not add up: {dict(answer)}")
        if not answer["quarantined"]:
            return int(answer["inserted"] + answer["duplicates"])
    raise AssertionError(f"Run {run.seed} was not acknowledged within {DEADLINE_S} s")


def hash_of(seed: str) -> int:
    """A number of the seed that is the same in every process."""
    return random.Random(seed).getrandbits(40)


def measured(client: ClickHouseClient, run: Plan, before: Sequence[int]) -> Outcome:
    """Sends the batch until it is acknowledged, once more, and counts."""
    acknowledged = send_until_acknowledged(client, run)
    again = client.insert(run.table, make_rows(run.table, run.rows, hash_of(run.seed), run.days))
    for kept in client.quarantine.batches():
        client.replay(kept)
    stored, rolled_up = counts(client, run.table)
    return Outcome(acknowledged, stored - before[0], rolled_up - before[1], again["duplicates"])


class ServerRuns:
    """Runs on a server whose connections break: the native wire in front of the engine."""

    def __init__(self, folder: Path) -> None:
        self._wire = Wire()
        address = self._wire.start(path=folder / "server", user="muse", password=PASSWORD)
        self._settings = ClickHouseSettings(
            host=address.host, port=address.port, username="muse", password=PASSWORD, secure=False
        )
        runner.upgrade(self._settings)

    def run(self, run: Plan) -> Outcome:
        with ClickHouseClient(self._settings) as client:
            before = counts(client, run.table)
            self._wire.arm(run.phase, run.fault, table=f"INTO `{run.where}`", seconds=run.delay_s)
            revival = threading.Thread(target=self._revive)
            if run.fault == "kill":
                revival.start()
                acknowledged = send_until_acknowledged(client, run)
                revival.join()
                if acknowledged != run.rows:
                    raise AssertionError(f"{acknowledged} of {run.rows} rows acknowledged")
            outcome = measured(client, run, before)
            self._wire.disarm()
            return outcome

    def _revive(self) -> None:
        while self._wire.running:
            time.sleep(0.01)
        self._wire.reap()
        self._wire.again()

    def close(self) -> None:
        self._wire.stop()


class EmbeddedRuns:
    """Runs on an embedded store whose process dies. Each part of a run is a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._settings = ClickHouseSettings(path=str(folder / "embedded"))
        _in_process(_migrate, self._settings)
        self._before: dict[str, tuple[int, int]] = dict.fromkeys(TABLES, (0, 0))

    def run(self, run: Plan) -> Outcome:
        ready, child = _fork.Pipe(duplex=False)
        victim = _fork.Process(target=_victim, args=(self._settings, run, child))
        victim.start()
        child.close()
        if run.where == "any":
            try:
                ready.recv()
                time.sleep(run.delay_s)
                os.kill(victim.pid or 0, signal.SIGKILL)
            except (EOFError, ProcessLookupError):
                pass
        victim.join(DEADLINE_S)
        outcome, self._before[run.table] = _in_process(_check, self._settings, run, self._before[run.table])
        return outcome  # type: ignore[no-any-return]

    def close(self) -> None:
        """Nothing is held."""


def _migrate(settings: ClickHouseSettings) -> None:
    runner.upgrade(settings)


def _victim(settings: ClickHouseSettings, run: Plan, ready: Any) -> None:
    killer = Killer(run.nth)
    if run.where != "any":
        watch_renames(killer)
    client = ClickHouseClient(settings)
    names = (run.where,) if run.where != "any" else (run.table,)
    listed = ", ".join(f"'{name}'" for name in names)
    found = client.executor.read(f"SELECT uuid FROM system.tables WHERE name IN ({listed})").rows
    killer.folders = tuple(str(row[0]) for row in found)
    killer.armed = run.where != "any"
    ready.send(True)
    client.insert(run.table, make_rows(run.table, run.rows, hash_of(run.seed), run.days))
    os.kill(os.getpid(), signal.SIGKILL)


def _check(settings: ClickHouseSettings, run: Plan, before: tuple[int, int]) -> tuple[Outcome, tuple[int, int]]:
    with ClickHouseClient(settings) as client:
        return measured(client, run, before), counts(client, run.table)


def _in_process(work: Any, *arguments: Any) -> Any:
    """The engine runs in a process of its own: this one must stay without it, to be forked again."""
    here, there = _fork.Pipe(duplex=False)

    def target() -> None:
        try:
            there.send((None, work(*arguments)))
        except BaseException as error:  # noqa: BLE001  # carried to the process that asked
            there.send((f"{type(error).__name__}: {error}", None))

    process = _fork.Process(target=target)
    process.start()
    there.close()
    try:
        error, value = here.recv()
    except EOFError:
        error, value = "its process died", None
    process.join()
    if error:
        raise AssertionError(error)
    return value


def _runs(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"takes a number of runs, 1 or more, not {text!r}")
    return int(text)


def _seed_and_run(text: str) -> tuple[int, int]:
    seed, _, number = text.partition(":")
    if not (seed.isdecimal() and number.isdecimal()):
        raise argparse.ArgumentTypeError(f"takes a seed and a run such as 11:42, not {text!r}")
    return int(seed), int(number)


def main() -> None:
    parser = argparse.ArgumentParser(description="Faults on purpose, and what became of the rows.")
    parser.add_argument("--runs", type=_runs, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--replay", type=_seed_and_run, metavar="SEED:RUN", help="only this run")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    args = parser.parse_args()
    seed, numbers = args.seed, range(args.runs)
    if args.replay:
        seed, number = args.replay
        numbers = range(number, number + 1)
    print(f"seed {seed}, {len(numbers)} runs", flush=True)
    plans = [plan(seed, number) for number in numbers]
    results, failures = _run_all(plans)
    text = table(plans, results, seed)
    print(text)
    for failure in failures:
        print(failure)
    if args.write and not failures:
        head, _, rest = DOCUMENT.read_text().partition("<!-- runs -->\n")
        DOCUMENT.write_text(
            f"{head}<!-- runs -->\n{text}\n<!-- end of runs -->{rest.partition('<!-- end of runs -->')[2]}"
        )
    sys.exit(1 if failures else 0)


def _run_all(plans: Sequence[Plan]) -> tuple[dict[int, Outcome], list[str]]:
    results: dict[int, Outcome] = {}
    failures = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ["XDG_DATA_HOME"] = folder
        # The embedded runs come first: they fork, which a process with threads should not do.
        for engine, kind in ((EMBEDDED, EmbeddedRuns), (SERVER, ServerRuns)):
            chosen = [run for run in plans if run.engine == engine]
            if not chosen:
                continue
            runs = kind(Path(folder))
            stack.callback(runs.close)
            for done, run in enumerate(chosen, 1):
                try:
                    outcome = results[run.number] = runs.run(run)
                    wrong = outcome.lost or outcome.doubled or outcome.acknowledged != run.rows
                    problem = str(outcome) if wrong or outcome.duplicates != run.rows else None
                except (AssertionError, MuseError, RuntimeError) as error:
                    problem = f"{type(error).__name__}: {error}"
                if problem:
                    failures.append(f"{run}\n  {problem}\n  replay with: --replay {run.seed}")
                    print(failures[-1], flush=True)
                if done % 25 == 0:
                    print(f"  {engine}: {done} of {len(chosen)}", flush=True)
    return results, failures


def table(plans: Sequence[Plan], results: dict[int, Outcome], seed: int) -> str:
    """Markdown: a line for each engine, fault and phase, with the runs by table and the sums of rows."""
    groups: dict[tuple[str, str, str], list[Plan]] = defaultdict(list)
    for run in plans:
        if run.number in results:
            groups[run.engine, run.fault, run.phase].append(run)
    lines = [
        f"{len(results)} runs, seed {seed} (`python -m bench.reliability --runs {len(plans)} --seed {seed}`). "
        "Runs by table, then rows.",
        "",
        "| engine | fault | phase | "
        + " | ".join(TABLES)
        + " | acknowledged | stored | of these with a rollup | in rollups | lost | doubled |",
        "|" + "---|" * 3 + "---:|" * (len(TABLES) + 6),
    ]
    for key in sorted(groups):
        lines.append(_line(key, groups[key], results))
    lines.append(_line(("all", "", ""), [run for run in plans if run.number in results], results))
    return "\n".join(lines)


def _line(key: tuple[str, str, str], runs: Sequence[Plan], results: dict[int, Outcome]) -> str:
    found = [results[run.number] for run in runs]
    rolled = [results[run.number] for run in runs if run.table in ROLLUPS]
    cells = [*key, *(sum(run.table == name for run in runs) for name in TABLES)]
    cells += [sum(one.acknowledged for one in found), sum(one.stored for one in found)]
    cells += [sum(one.acknowledged for one in rolled), sum(one.rolled_up for one in rolled)]
    cells += [sum(one.lost for one in found), sum(one.doubled for one in found)]
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
