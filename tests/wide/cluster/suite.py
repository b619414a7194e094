"""Tests of the suite that reach a server, on one that poses as a cluster: migrations, writer, watches as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.support.wire_process import CLUSTER_CONFIG
from tests.wide.cluster.chdb_servers import configuration
from tests.wide.cluster.zookeeper import Keeper
from tests.wide.environments import ROOT
from tests.wide.outcomes import Outcome

LONGEST_S = 1800
_EVOLUTION = ("revisions", "autogenerate", "drift", "destructive", "kills", "money", "adopt", "version")
TESTS = (*(f"tests/evolution/test_{name}.py" for name in _EVOLUTION), "tests/writing", "tests/watches")
_OLD = "tests/writing/test_keys.py::test_a_batch_"
#: What is another thing there: `muse_claims` stands beside the version table, and no old version had clusters.
DESELECTED = (
    "tests/evolution/test_revisions.py::test_downgrade_to_base_leaves_only_the_empty_version_table[native]",
    f"{_OLD}that_an_old_version_began_is_finished_under_its_key[native]",
    f"{_OLD}of_an_old_ledger_stays_known[native-ann-k]",
)


def run(folder: Path, keeper: Keeper) -> Outcome:
    """All that reach a server, in one process."""
    folder.mkdir()
    config = folder / "config.xml"
    config.write_text(configuration(folder, keeper, "r1"))
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "native", *TESTS]
    words += [f"--basetemp={folder / 'tmp'}", *(f"--deselect={name}" for name in DESELECTED)]
    variables = os.environ | {CLUSTER_CONFIG: str(config)}
    started = time.monotonic()
    told = subprocess.run(
        words, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )
    counts = {what: int(count) for count, what in re.findall(r"(\d+) (passed|failed|error)", told.stdout[-300:])}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if told.returncode:
        print(told.stdout[-4000:], flush=True)
        failed = max(failed, 1)
    return Outcome("chDB as a cluster", "the suite", counts.get("passed", 0), failed, 0, time.monotonic() - started)
