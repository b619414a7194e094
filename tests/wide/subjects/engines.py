"""The native half of the suite on older engines, and every command of the README on each."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from tests.support.wire_process import ENGINE_FOLDER
from tests.wide.environments import REQUIREMENTS, ROOT, environment
from tests.wide.outcomes import Outcome, counted

ON_ENGINES = "wide/on_engines"
SELECTING = "tests.wide.selecting"
LONGEST_S = 1800
FOLDERS = ("evolution", "integrations", "analytics", "questions", "guard", "writing", "alchemy", ON_ENGINES)


def run() -> Iterator[Outcome]:
    for name in sorted(path.stem for path in REQUIREMENTS.glob("engine-*.txt")):
        folder = environment(name)
        version = name.removeprefix("engine-")
        yield from _pytest(version, FOLDERS, {ENGINE_FOLDER: str(folder)})
        yield from _pytest(version, ("wide/in_engine",), {"PYTHONPATH": str(folder)}, "0")
    yield from _pytest("as installed", (ON_ENGINES,), {})


def _pytest(version: str, folders: tuple[str, ...], variables: dict[str, str], workers: str = "2") -> Iterator[Outcome]:
    print(f"\nchdb-core {version}: {', '.join(folders)}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist", "loadfile", "-p", SELECTING]
        command += [f"--junitxml={report}", *(f"tests/{name}" for name in folders)]
        variables |= {"PYTHONHASHSEED": "0"}
        try:
            code = subprocess.run(
                command, cwd=ROOT, env=os.environ | variables, check=False, timeout=LONGEST_S
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
        outcomes = [_outcome(version, name, report) for name in folders] if report.exists() else []
    yield from outcomes
    if code and not any(outcome.failed for outcome in outcomes):
        why = f"pytest ended with {code}" if code > 0 else f"stopped after {LONGEST_S} s"
        yield Outcome(version, why, 0, 1, 0, 0)


def _outcome(version: str, folder: str, report: Path) -> Outcome:
    within = f"tests.{folder.replace('/', '.')}."
    document = ElementTree.parse(report)  # noqa: S314  # our own
    cases = [case for case in document.iter("testcase") if case.get("classname", "").startswith(within)]
    return counted(version, folder, cases)
