"""The house: imports go downward only and never in a circle, and importing a module opens nothing.

What is read are the imports of every product file: by `import` and by `from … import`, by long names and by short
ones, at the top and inside functions, under `TYPE_CHECKING` too.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "chimera_metrics"
ROOMS = ["models", "analytics", "integrations", "server", "apps"]
# The parts of a room, lowest first: sub-rooms, and files that stand in the room itself. Those of one line are side by
# side, and do not import each other.
PARTS = {
    "analytics": [
        ["errors"],
        ["arguments", "moments"],
        ["window", "expressions"],
        ["row_counts", "tables"],
        ["metrics"],
        ["sql"],
        ["questions"],
        ["inference"],
    ],
    "integrations": [
        ["nesting", "unseen"],
        ["errors", "private_files", "setting_words", "several_servers", "small_files"],
        ["cluster_settings", "dot_env", "http_settings", "kafka_settings", "results", "store_address"],
        ["config"],
        ["redis_link"],
        ["masking"],
        ["guard", "validation"],
        ["clickhouse"],
        ["access"],
        ["answers"],
        ["writing", "evolution"],
        ["charts"],
        ["audit", "questions"],
        ["watches"],
        ["operations"],
        ["report"],
        ["clickhouse_client"],
        ["async_client", "backfill", "bench_files", "kafka", "otlp"],
    ],
    "server": [
        ["ending", "exports", "metrics", "progress", "tracing", "updates", "watching"],
        ["context"],
        ["catalog"],
        ["calls"],
        ["offer"],
        ["pages", "stdio"],
        ["http"],
        ["derive"],
    ],
}
# What analytics may use beside the models: pure functions need no driver, no clock and no I/O.
PURE = {
    *("models", "analytics", "errors", "late_names", "short_names", "stand_ins", "suggestions"),
    *("sqlalchemy", "clickhouse_sqlalchemy", "numpy", "scipy"),
}
ABOVE_ALL = {"tests", "bench", "scripts", "samples"}


def imports_of(source: str) -> set[str]:
    """What a file imports, by full names: `from chimera_metrics import models` is `models`, as is `import models`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "an import by a relative name"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.removeprefix(f"{PACKAGE}.") for name in names}


def modules() -> dict[str, Path]:
    """Every product file by the name of its module, without the package's."""
    found = {}
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def graph() -> dict[str, set[str]]:
    """Each module with the modules that it imports."""
    files = modules()
    found: dict[str, set[str]] = {}
    for name, file in files.items():
        found[name] = set()
        for imported in imports_of(file.read_text(encoding="utf-8")):
            target = imported if imported in files else imported.rpartition(".")[0]
            if target in files and target != name:
                found[name].add(target)
    return found


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """The files of one circle, or none."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def upward(imports: Mapping[str, set[str]], parts: Mapping[str, list[list[str]]]) -> list[str]:
    """Imports that go to a higher room or part, or to one beside it, as `file -> file`."""
    wrong = []
    for name, targets in imports.items():
        for target in sorted(targets):
            (room, *part), (other, *into) = name.split("."), target.split(".")
            if ROOMS.index(other) > ROOMS.index(room):
                wrong.append(f"{name} -> {target}")
            elif room == other and room in parts and part and into and part[0] != into[0]:
                height = {one: i for i, line in enumerate(parts[room]) for one in line}
                if height[into[0]] >= height[part[0]]:
                    wrong.append(f"{name} -> {target}")
    return wrong


def test_the_imports_are_read() -> None:
    """Rules over nothing would hold: another name of the package must not make this test blind."""
    imports = graph()
    assert len(imports) > 200
    assert sum(map(len, imports.values())) > 600
    assert "models.base" in imports["models.bench_runs"]


def test_no_file_imports_in_a_circle() -> None:
    assert circle(graph()) == []


def test_an_import_never_goes_upward() -> None:
    assert upward(graph(), PARTS) == []


def test_every_part_of_a_room_has_its_place() -> None:
    for room, lines in PARTS.items():
        there = {name.split(".")[1] for name in modules() if name.startswith(f"{room}.")}
        assert there == {part for line in lines for part in line}, room


def test_products_import_no_tests_and_no_short_names() -> None:
    for name, file in modules().items():
        source = file.read_text(encoding="utf-8")
        used = {imported.split(".")[0] for imported in imports_of(source)}
        assert not used & ABOVE_ALL, name
        short = imports_of(source.replace(f"{PACKAGE}.", "long_").replace(f"from {PACKAGE} ", "from long "))
        assert not {imported.split(".")[0] for imported in short} & set(ROOMS), name


@pytest.mark.parametrize(
    "planted",
    [
        "from chimera_metrics import apps",
        "import chimera_metrics.apps.demo",
        "from apps.demo import main",
        "if TYPE_CHECKING:\n    from chimera_metrics.apps.demo import main",
        "def late():\n    from chimera_metrics.apps import demo",
    ],
)
def test_a_planted_upward_import_is_seen(planted: str) -> None:
    imports = {"models.base": {name for name in imports_of(planted) if name.startswith("apps")}}
    assert upward(imports, PARTS) != []


def test_a_planted_circle_and_a_planted_step_between_sub_rooms_are_seen() -> None:
    imports = graph()
    assert circle(imports | {"models.base": {"models.bench_runs"}}) != []
    assert upward({"integrations.masking.words": {"integrations.clickhouse.executor"}}, PARTS) != []
    assert upward({"integrations.guard.walk": {"integrations.validation.rules"}}, PARTS) != []


def test_models_and_analytics_are_pure() -> None:
    for name, file in modules().items():
        if name.split(".")[0] in {"models", "analytics"}:
            roots = {imported.split(".")[0] for imported in imports_of(file.read_text(encoding="utf-8"))}
            assert not roots - PURE - set(sys.stdlib_module_names), name


def test_the_wheel_lists_every_package_and_no_top_level_alembic() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["setuptools"]["packages"]
    assert {name.split(".")[0] for name in packages} == {PACKAGE}
    folders = {file.parent.relative_to(ROOT) for file in modules().values()}
    assert {".".join((PACKAGE, *folder.parts)) for folder in folders} <= set(packages)


def test_no_product_file_is_longer_than_400_lines() -> None:
    long = {name: lines for name, file in modules().items() if (lines := file.read_text().count("\n")) > 400}
    assert long == {}


def test_importing_everything_opens_nothing_and_loads_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "import chimera_metrics.models, chimera_metrics.analytics, chimera_metrics.integrations.clickhouse_client\n"
        "import chimera_metrics.server.stdio.serving\n"
        "assert not {name for name in sys.modules if name.partition('.')[0] in {'mcp', 'mcp_types', 'anyio'}}\n"
        "assert not {'requests', 'chimera_metrics.analytics.questions.drivers'} & set(sys.modules)\n"
        "import chimera_metrics.server.http.build, chimera_metrics.apps.muse_cli, chimera_metrics.apps.status\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'pandas', 'pyarrow', 'alembic', 'chdb', 'clickhouse_driver'}\n"
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
