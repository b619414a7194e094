"""`muse import` of benchmarks' files: into `bench_runs`, once, with their commit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.apps.support import Shell
from tests.bench_files.test_formats import PATHS


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    from chimera_metrics.integrations.bench_files.reading import COMMIT_VARIABLES

    for name in COMMIT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return Shell(CH_PATH=str(tmp_path / "store"))


@pytest.mark.parametrize("format", PATHS)
def test_a_file_is_stored_once(shell: Shell, format: str) -> None:
    words = ("muse", "import", format, str(PATHS[format]), "--json")
    [first], [again] = (json.loads(shell.run(*words).stdout) for _ in range(2))
    assert first["inserted"] > 0
    assert (again["inserted"], again["duplicates"]) == (0, first["inserted"])
    assert first["left_out"]


def test_the_commit_of_git_is_taken_and_another_may_replace_it(shell: Shell, tmp_path: Path) -> None:
    repository = tmp_path / "hearts"
    repository.mkdir()
    file = repository / "results.json"
    file.write_bytes(PATHS["google-benchmark"].read_bytes())
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    said = shell.run("muse", "import", "google-benchmark", str(file)).stdout
    assert "inserted 1; commit from git" in said
    assert "no column for: cpu_time" in said
    assert stored(shell) == [("hearts", head)]
    assert "replaced 1" in shell.run("muse", "import", "google-benchmark", str(file), "--commit", "a" * 40).stdout
    assert stored(shell) == [("hearts", "a" * 40)]


def stored(shell: Shell) -> list[tuple[str, str]]:
    from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
    from chimera_metrics.integrations.config import ClickHouseSettings

    with ClickHouseClient(ClickHouseSettings(path=shell.settings["CH_PATH"])) as client:
        rows = client.execute_query("SELECT model, commit_sha FROM bench_runs")
    return [(row["model"], row["commit_sha"]) for row in rows]


def test_a_wrong_file_among_others_stores_nothing(shell: Shell) -> None:
    files = [str(PATHS["vllm"]), str(PATHS["asv"])]
    said = shell.run("muse", "import", "vllm", *files, code=1).stderr
    assert "5a88489b-existing-py.json is not a file of vllm" in said
    [first] = json.loads(shell.run("muse", "import", "vllm", files[0], "--json").stdout)
    assert first["inserted"] == 1
