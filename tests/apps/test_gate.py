"""`muse gate` in a repository that the test makes: its exit code, line, table and picture."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from chimera_metrics.integrations.bench_files.reading import COMMIT_VARIABLES
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.apps.support import Shell

START = datetime(2026, 1, 5, tzinfo=UTC)


class Repository:
    """A repository with a store; each commit is measured so many times, at so many ms."""

    def __init__(self, folder: Path, seed: int = 5) -> None:
        folder.mkdir()
        self.folder = folder
        self.store = ClickHouseSettings(path=str(folder / "store"))
        self.rows: list[dict[str, Any]] = []
        self._draw = np.random.default_rng(seed)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", "-C", str(self.folder), *who, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, runs: int = 0, level: float = 100.0, **words: Any) -> str:
        self.git("commit", "-q", "--allow-empty", "-m", f"change {uuid4()}")
        commit = self.git("rev-parse", "HEAD")
        for _ in range(runs):
            p95 = level * (1 + 0.03 * self._draw.standard_normal())
            row = {"model": "llama", "quant": "q4", "dataset": "chat", "latency_p95_ms": p95} | words
            at = START + timedelta(hours=len(self.rows))
            self.rows.append(row | {"ts": at, "run_id": str(uuid4()), "commit_sha": commit})
        return commit

    def stored(self) -> Shell:
        with ClickHouseClient(self.store) as client:
            client.insert("bench_runs", self.rows)
        return Shell(CH_PATH=self.store.path)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in COMMIT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    made = Repository(tmp_path / "hearts")
    monkeypatch.chdir(made.folder)
    return made


def test_a_planted_slow_commit_is_found(repository: Repository) -> None:
    for _ in range(6):
        repository.commit(runs=4)
    slow = repository.commit(runs=6, level=120)
    shell, page = repository.stored(), repository.folder / "gate.md"
    said = shell.run("muse", "gate", "--markdown", str(page), code=1).stdout
    assert said.startswith(
        f"{slow[:10]} is worse than the commits before it: llama q4 chat latency_p95_ms +19.8 % (95 % interval +1"
    )
    assert said.count("\n") == 1
    text = page.read_text()
    assert "| llama q4 chat | latency_p95_ms |" in text
    assert "6 after 24 | **worse** |" in text
    assert "(gate.png)" in text
    assert (repository.folder / "gate.png").read_bytes()[:4] == b"\x89PNG"


def test_the_commit_before_the_slow_one_is_not_worse(repository: Repository) -> None:
    for _ in range(6):
        repository.commit(runs=4)
    fine = repository.commit(runs=6)
    repository.commit(runs=6, level=120)
    shell = repository.stored()
    shell.run("muse", "gate", code=1)
    repository.git("checkout", "-q", fine)
    assert f"{fine[:10]} is not worse" in shell.run("muse", "gate").stdout


def test_a_faster_commit_is_not_worse_and_what_follows_is_compared_with_it(repository: Repository) -> None:
    for _ in range(5):
        repository.commit(runs=4)
    for _ in range(5):
        repository.commit(runs=4, level=70)
    slower = repository.commit(runs=6, level=84)
    said = repository.stored().run("muse", "gate", code=1).stdout
    assert slower[:10] in said


@pytest.mark.parametrize(("before", "after"), [(3, 6), (20, 4), (0, 6), (5, 5)])
def test_of_few_runs_it_says_that_it_cannot_tell(repository: Repository, before: int, after: int) -> None:
    """Of five and five with one measure the clearest step has p = 1 / 252, of two measures that is not enough."""
    repository.commit(runs=before, tokens_per_sec=50.0 + before)
    repository.commit(runs=after, tokens_per_sec=50.0, level=101)
    for number, row in enumerate(repository.rows):
        row["tokens_per_sec"] = 50.0 + number % 7
    said = repository.stored().run("muse", "gate", code=2).stdout
    assert said.startswith("Cannot tell whether")
    assert ("it takes 5 of each" in said) or ("more run" in said)


def test_a_commit_without_runs_is_said(repository: Repository) -> None:
    repository.commit(runs=9)
    commit = repository.commit()
    said = repository.stored().run("muse", "gate", "--markdown", "gate.md", code=2).stdout
    assert said.startswith(f"Cannot tell: no run of commit {commit[:10]} is stored. Import")
    assert "Cannot tell" in (repository.folder / "gate.md").read_text()


def test_runs_of_other_branches_are_not_the_history(repository: Repository) -> None:
    for _ in range(4):
        repository.commit(runs=4)
    repository.git("checkout", "-q", "-b", "slow")
    repository.commit(runs=40, level=150)
    repository.git("checkout", "-q", "main")
    repository.git("checkout", "-q", "-b", "feature")
    repository.commit(runs=6, level=120)
    shell = repository.stored()
    assert "worse than the commits before it" in shell.run("muse", "gate", code=1).stdout
    assert "worse than the commits of main" in shell.run("muse", "gate", "--against", "main", code=1).stdout
    assert "is not worse than the commits of slow" in shell.run("muse", "gate", "--against", "slow").stdout


def test_what_keeps_it_from_telling_is_2(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(runs=6)
    shell = repository.stored()
    assert "fetch-depth: 0" in shell.run("muse", "gate", "--against", "nowhere", code=2).stderr
    assert "cannot be written" in shell.run("muse", "gate", "--markdown", "no/such/gate.md", code=2).stderr
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert "No commit to judge" in shell.run("muse", "gate", code=2).stderr


def test_without_the_history_in_git_all_earlier_runs_are_it(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        repository.commit(runs=4)
    repository.commit(runs=6, level=130)
    shell = repository.stored()
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.folder}", str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert "worse than all earlier runs" in shell.run("muse", "gate", code=1).stdout


def test_names_of_benchmarks_stay_text_in_the_table(repository: Repository) -> None:
    for level in (100.0, 100.0, 130.0):
        repository.commit(runs=8, level=level, dataset="a|b <img> [x](y) `c`")
    page = repository.folder / "gate.md"
    repository.stored().run("muse", "gate", "--markdown", str(page), code=1)
    assert r"a\|b \<img\> \[x\](y) \`c\`" in page.read_text()


def test_the_files_of_a_tool_go_through_the_gate(repository: Repository) -> None:
    """pytest-benchmark's file, imported five times a commit, as CI would."""
    from tests.bench_files.test_formats import PATHS

    shell = Shell(CH_PATH=repository.store.path)
    document = json.loads(PATHS["pytest-benchmark"].read_text())
    for slow in (1.0, 1.0, 1.0, 1.5):
        document["commit_info"]["id"] = repository.commit()
        for number in range(6):
            for test in document["benchmarks"]:
                test["stats"]["median"] = slow * (1 + number / 100)
                del test["stats"]["data"][9:], test["stats"]["data"][0:9]
                test["stats"]["data"] = [slow * (1 + number / 100), slow * (1.2 + number / 90)]
            file = repository.folder / f"{document['commit_info']['id'][:8]}-{number}.json"
            file.write_text(json.dumps(document))
            shell.run("muse", "import", "pytest-benchmark", str(file))
    assert "is worse" in shell.run("muse", "gate", code=1).stdout
