"""The house: an import never goes upward, and importing a module opens nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ["models", "analytics", "integrations", "server", "apps"]
# What analytics may use beside the models: pure functions need no driver, no clock and no I/O.
PURE = {"models", "analytics", "short_names", "sqlalchemy", "clickhouse_sqlalchemy", "numpy", "scipy"}


def _imports(file: Path) -> set[str]:
    """The rooms and libraries that a file imports: `chimera_metrics.models.base` counts as `models`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.removeprefix("chimera_metrics.").split(".")[0] for name in names}


@pytest.mark.parametrize("room", ROOMS)
def test_an_import_never_goes_upward(room: str) -> None:
    above = set(ROOMS[ROOMS.index(room) + 1 :]) | {"tests", "bench", "scripts"}
    for file in (ROOT / room).rglob("*.py"):
        assert not _imports(file) & above, file


def test_models_and_analytics_are_pure() -> None:
    for room in ("models", "analytics"):
        for file in (ROOT / room).rglob("*.py"):
            foreign = _imports(file) - PURE - set(sys.stdlib_module_names)
            assert not foreign, f"{file} imports {foreign}"


def test_alembic_is_no_package_and_the_wheel_lists_none() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]
    assert {name.split(".")[0] for name in packages} == {"chimera_metrics"}
    # Packages are listed one by one, so a new one must be listed too.
    folders = {file.parent.relative_to(ROOT) for room in ROOMS for file in (ROOT / room).rglob("*.py")}
    assert {".".join(("chimera_metrics", *folder.parts)) for folder in folders} <= set(packages)


def test_importing_everything_opens_nothing_and_loads_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "import chimera_metrics.models, chimera_metrics.analytics, chimera_metrics.integrations.clickhouse_client\n"
        "import chimera_metrics.server.http.build, chimera_metrics.apps.muse_cli\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'pandas', 'pyarrow', 'alembic', 'chdb'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"CH_PATH": str(tmp_path / "store"), "PATH": ""},
    )
    assert done.stdout == "[]\n"
    assert not (tmp_path / "store").exists()
