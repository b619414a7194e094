"""Which commit a gate judges, and which commits are the history before it: what git says in the folder of the call."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chimera_metrics.integrations.errors import InvalidInput

_GIT_S = 60


@dataclass(frozen=True, slots=True)
class GateHistory:
    """The commit that is judged, and those before it."""

    commit: str
    before: frozenset[str] | None
    """None: all that was measured earlier, where git does not know the history."""
    in_words: str


def gate_history(folder: Path, against: str | None = None, variables: Mapping[str, str] = os.environ) -> GateHistory:
    """HEAD (without git the commit that CI names), and its ancestors or those commits that `against` has.

    Raises InvalidInput where no commit is to be found, or `against` is none that git knows.
    """
    head = _git(folder, "rev-parse", "--verify", "HEAD^{commit}")
    commit = head or variables.get("GITHUB_SHA") or variables.get("CI_COMMIT_SHA")
    if not commit:
        raise InvalidInput("No commit to judge: run this in a git repository, or set GITHUB_SHA.")
    if against is not None:
        reference = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{against}^{{commit}}")
        if reference is None:
            raise InvalidInput(
                f"git knows no commit {against[:100]!r} here; fetch it first (in GitHub Actions: actions/checkout with "
                "fetch-depth: 0), or leave --against out."
            )
        return GateHistory(commit, _listed(folder, reference) - {commit}, f"the commits of {against}")
    if head is None or _git(folder, "rev-parse", "--is-shallow-repository") != "false":
        return GateHistory(commit, None, "all earlier runs, since git does not have the history here")
    return GateHistory(commit, _listed(folder, head) - {commit}, "the commits before it")


def _listed(folder: Path, reference: str) -> frozenset[str]:
    return frozenset((_git(folder, "rev-list", reference) or "").split())


def _git(folder: Path, *words: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, "-C", str(folder), *words], capture_output=True, text=True, check=False, timeout=_GIT_S)
    return done.stdout.strip() if done.returncode == 0 else None
