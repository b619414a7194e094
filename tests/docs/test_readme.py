"""The README is true: its links lead somewhere, its snippet runs, its tools and commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.server.catalog.tools import all_tools

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_modules_that_a_page_runs_are_there(page: Path) -> None:
    for module in re.findall(r"python -m ([a-z_.]+)(?![\w./])", page.read_text()):
        assert find_spec(module) is not None, module


def test_every_tool_is_in_the_table() -> None:
    table = README.partition("## Tools")[2].partition("\n## ")[0]
    missing = {tool.name for tool in all_tools()} - set(re.findall(r"`([a-z_.]+)`", table))
    assert not missing


def test_every_command_is_in_the_table() -> None:
    table = README.partition("## Commands")[2].partition("\n## ")[0]
    words = set(re.findall(r"[a-z]+", table))
    assert not set(main.commands) - words - {"completion"}


def test_the_python_snippet_runs(store_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.upgrade(ClickHouseSettings(path=store_path))
    monkeypatch.setenv("CH_PATH", store_path)
    section = README.partition("## In Python")[2]
    [snippet] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    found: dict[str, object] = {}
    exec(snippet, found)  # noqa: S102  # our own README
    assert found["rows"] == [{"series": "weekly", "n": 1}]


def test_a_script_runs_in_the_form_that_it_names_and_not_in_the_one_that_it_warns_of() -> None:
    scripts = sorted(set(re.findall(r"python -m (scripts/[\w-]+\.py)", README)))
    assert scripts == [str(path.relative_to(ROOT)) for path in sorted((ROOT / "scripts").glob("*.py"))]
    for script in scripts:
        assert f"`python {script}" in README
        works = subprocess.run(
            [sys.executable, script, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "Usage: muse" in works.stdout
        cannot = subprocess.run([sys.executable, "-m", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert cannot.returncode != 0
        assert "No module named" in cannot.stderr


def test_make_has_the_targets_that_the_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text()
    pages = README + (ROOT / "CONTRIBUTING.md").read_text()
    for target in re.findall(r"\$ make (\w+)", pages):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
