"""The wheel, installed outside the clone in an environment of its own, migrates and serves."""

from __future__ import annotations

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
    """A virtual environment that has the wheel, and the dependencies of this one by a path."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # A path file's folders are searched, but path files within them are not read: the editable install stays out.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return folder / "bin" / "python"


def _run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env={"CH_PATH": str(folder / "store"), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_wheel_has_one_top_level(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"chimera_metrics"}


def test_it_runs_from_the_wheel_and_not_from_the_clone(environment: Path, tmp_path: Path) -> None:
    done = _run(environment, tmp_path, "-c", "import chimera_metrics.server.http.build as build; print(build.__file__)")
    assert done.stdout.startswith(str(environment.parents[1])), done.stderr


def test_it_migrates(environment: Path, tmp_path: Path) -> None:
    program = (
        "from chimera_metrics.integrations import config\n"
        "from chimera_metrics.integrations.evolution import runner\n"
        "runner.upgrade(config.clickhouse)\n"
        "print(runner.is_current(config.clickhouse))\n"
    )
    done = _run(environment, tmp_path, "-c", program)
    assert done.stdout.splitlines()[-1:] == ["True"], done.stderr
    status = _run(environment, tmp_path, "-m", "chimera_metrics.apps.muse_cli", "status", "--clickhouse")
    assert status.returncode == 0, status.stdout


def test_it_serves_and_upgrades_the_embedded_store_by_itself(environment: Path, tmp_path: Path) -> None:
    server = StdioServerParameters(
        command=str(environment),
        args=["-m", "chimera_metrics.apps.muse_cli", "serve"],
        env={"CH_PATH": str(tmp_path / "store")},
        cwd=str(tmp_path),
    )

    async def ask() -> object:
        async with mcp.Client(stdio_client(server)) as client:
            result = await client.call_tool("query", {"sql": "SELECT count() FROM ui_events"})
            assert result.structured_content is not None
            return result.structured_content["rows"]

    assert anyio.run(ask) == [[0]]
