"""The tests that take long, on the engine that is installed: kills, crowds, damaged stores, each page's every line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from tests.support.long_tests import listed
from tests.wide.environments import ROOT
from tests.wide.outcomes import Outcome, counted

LONGEST_S = 2400


def run() -> Iterator[Outcome]:
    print(f"\n{len(listed())} long tests", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-m", "long", "-n", "2", "--dist", "loadfile"]
        variables = os.environ | {"PYTHONHASHSEED": "0"}
        code = subprocess.run(
            [*command, f"--junitxml={report}"], cwd=ROOT, env=variables, check=False, timeout=LONGEST_S
        ).returncode
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  # our own
    found = counted("as installed", "long tests", cases)
    yield found
    # A test that was renamed is short until the list is written anew: nothing is lost, but it should be known.
    if missing := len(listed()) - len(cases):
        yield Outcome("as installed", f"{missing} in long_tests.txt have gone", 0, 0, missing, 0)
    if code and not found.failed:
        yield Outcome("as installed", f"pytest ended with {code}", 0, 1, 0, 0)
