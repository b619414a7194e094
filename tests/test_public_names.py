"""What `chimera_metrics` offers by name: fetched when asked for, complete, and known to type checkers."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chimera_metrics
from chimera_metrics.integrations.errors import MuseError
from tests.conftest import Report

IMPORT = """
import sys, time
before, started = set(sys.modules), time.perf_counter()
import chimera_metrics
elapsed = time.perf_counter() - started
import json
print(json.dumps([elapsed * 1000, sorted(set(sys.modules) - before)]))
"""


def test_importing_it_loads_none_of_the_rooms_and_no_library(report: Report) -> None:
    runs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
        elapsed_ms, loaded = json.loads(done.stdout)
        runs.append(elapsed_ms)
        assert {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) == {"chimera_metrics"}
        assert [name for name in loaded if name.startswith("chimera_metrics")] == ["chimera_metrics"]
    report(f"import chimera_metrics: {min(runs):.1f} ms")
    assert min(runs) < 500


@pytest.mark.parametrize("name", chimera_metrics.__all__)
def test_a_public_name_is_fetched(name: str) -> None:
    found = getattr(chimera_metrics, name)
    assert found is getattr(chimera_metrics, name)
    if inspect.isclass(found):
        assert found.__name__ == name
    assert name in dir(chimera_metrics)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'ClickhouseClient'"):
        _ = chimera_metrics.ClickhouseClient  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", ["chimera_metrics", "chimera_metrics.analytics"])
def test_type_checkers_see_the_same_names(package: str) -> None:
    late: Any = importlib.import_module(package)
    tree = ast.parse(Path(late.__file__).read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    names = [alias.asname or alias.name for node in imports for alias in node.names]
    assert sorted(names) == sorted(late.__all__)
    for node in imports:
        for alias in node.names:
            module = importlib.import_module(str(node.module))
            assert getattr(module, alias.name) is getattr(late, alias.asname or alias.name)


def test_every_error_that_a_user_can_cause_is_public() -> None:
    for package in (chimera_metrics.analytics, importlib.import_module("chimera_metrics.integrations")):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "alembic_env" not in module.name:
                importlib.import_module(module.name)
    # Other tests may have loaded the server, whose own errors reach no Python program.
    errors = [error for error in below(MuseError) if not error.__module__.startswith("chimera_metrics.server.")]
    missing = {error.__name__ for error in errors} - set(chimera_metrics.__all__)
    assert not missing, f"add {missing} to chimera_metrics/__init__.py"


def below(error: type[MuseError]) -> Iterator[type[MuseError]]:
    for one in error.__subclasses__():
        yield one
        yield from below(one)
