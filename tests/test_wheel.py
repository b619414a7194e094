"""The wheel, installed outside the clone in an environment of its own, beside a project that has rooms of its own."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import anyio
import mcp
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.support.sources import copy_sources


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, so that building leaves nothing in the clone.
    source = folder / "source"
    copy_sources(source)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source],
        check=True,
        capture_output=True,
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment that has the wheel, and the dependencies of this one by a path."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = ("install", "--quiet", "--no-deps", "--no-index", wheel)
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True, capture_output=True)
    [packages] = folder.glob("lib/python*/site-packages")
    # A path file's folders are searched, but path files within them are not read: the editable install stays out.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return folder / "bin"


THEIRS = ("models.py", "apps.py", "analytics.py", "server/__init__.py", "integrations/__init__.py")
MARKS_ITS_IMPORT = "import pathlib\nMINE = True\npathlib.Path(__file__).with_suffix('.imported').touch()\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project, whose own modules have the names of our rooms; importing one leaves a mark beside it."""
    for name in THEIRS:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(MARKS_ITS_IMPORT)
    return tmp_path


def settings(project: Path) -> dict[str, str]:
    # Their modules can be imported by every program, whatever folder it starts from.
    return {"CH_PATH": str(project / "store"), "HOME": str(project), "PYTHONPATH": str(project)}


def run(project: Path, program: Path, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments], cwd=project, env=settings(project), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imported(project: Path) -> list[str]:
    return sorted(str(mark.relative_to(project)) for mark in project.rglob("*.imported"))


def test_the_wheel_has_one_top_level_and_is_typed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"chimera_metrics"}
    assert "chimera_metrics/py.typed" in names
    assert "chimera_metrics/integrations/alembic_env/versions/0001_tables.py" in names
    assert "chimera_metrics/server/catalog/view_parts/trend.js" in names


EVERY_MODULE = """
import importlib, json, pkgutil, sys
import chimera_metrics
for found in pkgutil.walk_packages(chimera_metrics.__path__, "chimera_metrics."):
    if "alembic_env" not in found.name:  # revisions run under alembic
        importlib.import_module(found.name)
ours = [m.__file__ for n, m in list(sys.modules.items()) if n.startswith("chimera_metrics.")]
before = sorted(set(sys.modules) & {"models", "apps", "analytics", "server", "integrations"})
import models, apps, analytics, server, integrations
mine = all(theirs.MINE for theirs in (models, apps, analytics, server, integrations))
print(json.dumps([sorted(ours), before, mine]))
"""


def test_neither_imports_what_is_the_other_s(environment: Path, project: Path) -> None:
    ours, theirs_before, mine = json.loads(run(project, environment / "python", "-c", EVERY_MODULE).splitlines()[-1])
    assert len(ours) > 100
    assert {Path(file).is_relative_to(environment.parent) for file in ours} == {True}
    assert theirs_before == []
    assert mine


def test_it_migrates_beside_them(environment: Path, project: Path) -> None:
    assert "is at revision 0002" in run(project, environment / "muse", "upgrade", "0002")
    assert "is at revision 0005." in run(project, environment / "muse", "upgrade")
    assert "is as the models say." in run(project, environment / "muse", "check")
    run(project, environment / "python", "-m", "chimera_metrics.apps.muse_cli", "status", "--clickhouse")
    assert imported(project) == []


def test_it_serves_beside_them_and_upgrades_the_embedded_store_by_itself(environment: Path, project: Path) -> None:
    server = StdioServerParameters(
        command=str(environment / "muse"), args=["serve"], env=settings(project), cwd=str(project)
    )

    async def ask() -> object:
        async with mcp.Client(stdio_client(server)) as client:
            result = await client.call_tool("query", {"sql": "SELECT count() FROM ui_events"})
            assert result.structured_content is not None
            return result.structured_content["rows"]

    assert anyio.run(ask) == [[0]]
    assert imported(project) == []


RIGHT = """
from typing import Any, assert_type

from chimera_metrics import BenchRun, ClickHouseClient, ClickHouseSettings, MuseError, Result, analytics
from chimera_metrics import InsertResult, QueryResult, TrendResult
from chimera_metrics.analytics import QuestionError, Window

with ClickHouseClient(ClickHouseSettings(path=":memory:")) as client:
    assert_type(client, ClickHouseClient)
    assert_type(client.insert_episode({"series": "weekly"}), InsertResult)
    assert_type(client.insert_episodes([]).inserted, int)
    found = client.query("SELECT 1")
    assert_type(found, QueryResult)
    assert_type(found.row_count, int)
    assert_type(found.rows, list[list[Any]])
    trend: TrendResult = client.trend("llm.calls")
    assert_type(trend.series[0].n, int)
    result: Result = trend
    names: list[str] = [column.name for column in found.columns]
    print(result["window"], trend.window.since, names, client.health().checks[0].level, found.to_json())
    assert_type(client.execute_query("SELECT 1"), list[dict[str, Any]])
    assert_type(client.ready(), bool)

table: str = BenchRun.__tablename__
window: type[Window] = analytics.Window
failures: list[type[Exception]] = [MuseError, QuestionError]
"""
# Each line a mistake.
WRONG = """
from chimera_metrics import ClickhouseClient
from chimera_metrics import ClickHouseClient
client = ClickHouseClient(settings=3)
client.insert_episod({})
rows: int = client.execute_query("SELECT 1")
counted: str = client.query("SELECT 1").row_count
"""
MISTAKES = {2, 4, 5, 6, 7}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    (folder / "right.py").write_text(RIGHT)
    (folder / "wrong.py").write_text(WRONG)
    return folder


def checked(folder: Path, *command: str | Path) -> str:
    environment = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_mypy_knows_the_names_of_the_wheel(environment: Path, programs: Path) -> None:
    said = checked(programs, "mypy", "--strict", "--python-executable", environment / "python", "right.py", "wrong.py")
    lines = [line.split(":") for line in said.splitlines() if ": error:" in line]
    assert {(line[0], int(line[1])) for line in lines} == {("wrong.py", line) for line in MISTAKES}, said


def test_pyright_knows_the_names_of_the_wheel(environment: Path, programs: Path) -> None:
    (programs / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    said = checked(programs, "pyright", "--outputjson", "--pythonpath", environment / "python")
    found = [one for one in json.loads(said)["generalDiagnostics"] if one["severity"] == "error"]
    mistakes = {(Path(one["file"]).name, one["range"]["start"]["line"] + 1) for one in found}
    assert mistakes == {("wrong.py", line) for line in MISTAKES}, found
