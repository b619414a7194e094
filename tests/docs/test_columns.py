"""docs/columns.md: the worked example runs in a clone, and its table is the rule table."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chimera_metrics.integrations.validation.kinds import FORMS, TYPES
from tests.support.sources import ROOT, copy_sources

PAGE = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
PROGRAMS = {
    ".venv/bin/muse": [sys.executable, "-m", "apps.muse_cli"],
    ".venv/bin/alembic": [sys.executable, "-m", "alembic"],
    ".venv/bin/python": [sys.executable],
}
IMPORTS = "from chimera_metrics import ClickHouseClient"
# Kinds that no type alone makes: the model, or the name of a column, says more.
BY_MODEL = {
    "word": "`LowCardinality(String)`",
    "hour": "`DateTime` by `hour`",
    "commit": "`FixedString(40)` by `commit`",
    "money": "`Decimal(21, 9)` by `money`",
    "json": "`String` called `metadata`",
}


def block(section: str, language: str, number: int = 0) -> str:
    """A code block of the page."""
    part = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", part, re.DOTALL)
    return found[number]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose ui_events has the columns of the page."""
    folder = tmp_path_factory.mktemp("own") / "clone"
    copy_sources(folder)
    model = folder / "models" / "ui_events.py"
    text = model.read_text(encoding="utf-8")
    text = text.replace("\n\nclass UiEvent", f"{block('In the model', 'python')}\n\nclass UiEvent")
    anchor = text.index("    __table_args__")
    model.write_text(text[:anchor] + block("In the model", "python", 1) + "\n" + text[anchor:], encoding="utf-8")
    for line in block("In the store", "sh").splitlines():
        run(folder, line)
    return folder


def run(folder: Path, line: str) -> str:
    program, _, rest = line.partition(" ")
    words = [*PROGRAMS[program], *(quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', rest))]
    return execute(folder, words)


def execute(folder: Path, words: list[str]) -> str:
    environment = {"PATH": os.environ["PATH"], "CH_PATH": str(folder.parent / "store"), "HOME": str(folder.parent)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_prints_what_the_page_says(clone: Path) -> None:
    assert execute(clone, [sys.executable, "-c", block("Rows", "python")]) == block("Rows", "text")


def test_the_file_of_the_page_is_stored(clone: Path) -> None:
    (clone / "ui_events.jsonl").write_text(block("Files", "json"), encoding="utf-8")
    run(clone, ".venv/bin/muse backfill --source ui_events.jsonl --days 3650")
    asked = "SELECT tags, flags, verdict FROM ui_events WHERE event_type = 'error' ORDER BY ts"
    code = f"{IMPORTS}\nprint(ClickHouseClient().query({asked!r})['rows'])"
    assert execute(clone, [sys.executable, "-c", code]) == "[[['old'], {}, None], [[], {'dark': False}, None]]\n"


def test_the_insert_tool_declares_the_columns(clone: Path) -> None:
    surface = json.loads((clone / "server" / "catalog" / "surface.json").read_text(encoding="utf-8"))
    [tool] = [tool for tool in surface["tools"] if tool["name"] == "insert.ui_events"]
    row = tool["inputSchema"]["properties"]["rows"]["items"]["properties"]
    assert row["tags"] == {"type": "array", "items": {"type": "string"}}
    assert row["flags"]["additionalProperties"] == {"type": "boolean"}
    assert row["verdict"]["description"] == "good, bad"


def test_the_table_is_the_rule_table() -> None:
    lines = []
    for kind, form in FORMS.items():
        types = [f"`{name}`" for name, row in TYPES.items() if row.kind == kind]
        lines.append(
            f"| {kind} | {', '.join(types) or BY_MODEL[kind]} | {form.python} | {form.arrow} | {form.answer} |"
        )
    assert "\n".join(lines) in PAGE, "\n".join(lines)
