"""A clone runs without the links in `chimera_metrics/`: none came along, or unpacking made text files of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import copy_sources

ROOMS = ("models", "analytics", "integrations", "server", "apps")


@pytest.fixture(params=["no links", "text files in place of links"], scope="module")
def clone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone") / "chimera-metrics"
    copy_sources(folder)
    for room in ROOMS:
        assert not (folder / "chimera_metrics" / room).exists()
        if request.param != "no links":  # what unpacking a zip on Windows leaves
            (folder / "chimera_metrics" / room).write_text(f"../{room}")
    return folder


def run(folder: Path, *command: str | Path) -> str:
    environment = {"PATH": os.environ["PATH"], "CH_PATH": str(folder.parent / "store"), "HOME": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def python(folder: Path, *arguments: str) -> str:
    return run(folder, sys.executable, *arguments)


SAME = """
import importlib, json, sys
from integrations.clickhouse_client import ClickHouseClient
from integrations import config
import models, analytics.inference.trend, server.catalog.tools, apps.muse_cli
import chimera_metrics

short = [name for name in sys.modules if name.partition(".")[0] in {rooms}]
print(json.dumps({{
    "file": sys.modules["integrations.clickhouse_client"].__file__,
    "client": ClickHouseClient is chimera_metrics.ClickHouseClient,
    "rooms": sorted({{name.partition(".")[0] for name in short}}),
    "other objects": [n for n in short if sys.modules[n] is not importlib.import_module("chimera_metrics." + n)],
    "other specs": [n for n in short if sys.modules[n].__spec__.name != "chimera_metrics." + n],
    "reloaded": importlib.reload(config) is chimera_metrics.integrations.config,
}}))
"""


def test_short_and_long_names_are_the_same_modules_with_their_specs_intact(clone: Path) -> None:
    found = json.loads(python(clone, "-c", SAME.format(rooms=ROOMS)))
    assert found == {
        "file": str(clone / "integrations" / "clickhouse_client.py"),
        "client": True,
        "rooms": sorted(ROOMS),
        "other objects": [],
        "other specs": [],
        "reloaded": True,
    }


def test_the_command_runs_as_a_module_under_both_names(clone: Path) -> None:
    for module in ("apps.muse_cli", "chimera_metrics.apps.muse_cli"):
        assert "backfill" in python(clone, "-m", module, "--help")


@pytest.mark.parametrize("script", ["verify-data", "backfill-data"])
def test_the_scripts_run(clone: Path, script: str) -> None:
    name = script.partition("-")[0]
    assert f"Usage: muse {name} [OPTIONS]" in python(clone, f"scripts/{script}.py", "--help")


def test_a_store_is_made_by_alembic_and_by_muse(clone: Path) -> None:
    python(clone, "-m", "alembic", "upgrade", "0002")
    assert "is at revision 0005." in python(clone, "-m", "apps.muse_cli", "upgrade")


def test_make_links_puts_them_back_for_type_checkers(clone: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(clone, tmp_path / "copy")
    for _ in range(2):
        run(copy, "make", "links")
        links = {room: os.readlink(copy / "chimera_metrics" / room) for room in ROOMS}
        assert links == {room: f"../{room}" for room in ROOMS}
    file = python(copy, "-c", "import chimera_metrics.models; print(chimera_metrics.models.__file__)")
    assert file.strip() == str(copy / "models" / "__init__.py")
