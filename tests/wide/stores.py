"""Stores that programs of other environments are shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.wide.environments import ROOT

MUSE = str(Path(sys.executable).with_name("muse"))


def make_store(variables: Mapping[str, str], sampled: bool = True) -> None:
    """A store at the newest revision, with the samples moved to now or empty."""
    commands = [["upgrade"]]
    if sampled:
        commands.append(["backfill", "--days", "400", "--source", str(ROOT / "samples"), "--shift-to-now"])
    for command in commands:
        subprocess.run([MUSE, *command], env=dict(variables), cwd=ROOT, check=True, capture_output=True)
