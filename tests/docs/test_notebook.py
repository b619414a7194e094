"""The notebook is true: its cells run in order on a store with the samples, and show what it shows.

Set UPDATE_DOCS=1 to write the outputs again. Numbers and times differ from day to day and are not compared.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


def run(source: str, names: dict[str, Any]) -> Any:
    """Runs a cell, and returns the value of its last line if that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(NOTEBOOK), "exec"), names)  # noqa: S102  # our own page
    if last is None:
        return None
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)  # noqa: S307


def shown(value: Any, place: int) -> list[dict[str, Any]]:
    """The outputs of a cell with that value: as Jupyter writes them, but without the long text beside a page."""
    if value is None:
        return []
    data = {"text/plain": repr(value).splitlines(keepends=True)}
    if hasattr(value, "_repr_html_"):
        data = {"text/html": value._repr_html_().splitlines(keepends=True), "text/plain": [f"<{type(value).__name__}>"]}
    return [{"output_type": "execute_result", "execution_count": place, "metadata": {}, "data": data}]


def shape(outputs: list[dict[str, Any]]) -> str:
    """What must be the same today as when the notebook was written."""
    return re.sub(r"\d[\d.,:TZ-]*", "N", json.dumps([one["data"] for one in outputs]))


def test_its_cells_run_and_show_what_it_shows(sampled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CH_PATH", str(shutil.copytree(sampled, tmp_path / "store", symlinks=True)))
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for place, cell in enumerate(cells, 1):
        found = shown(run("".join(cell["source"]), names), place)
        if os.environ.get("UPDATE_DOCS"):
            cell["execution_count"], cell["outputs"] = place, found
        assert shape(found) == shape(cell["outputs"]), "".join(cell["source"])
    if os.environ.get("UPDATE_DOCS"):
        NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert sum(1 for cell in cells if cell["outputs"]) >= 6
