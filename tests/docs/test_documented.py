"""Every command, option and setting is documented; every sentence that troubleshooting quotes stands in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations import config

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = ("models", "analytics", "integrations", "server", "apps")


@cache
def text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in DOCS)


def commands(group: click.Group = main, before: str = "muse") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


@pytest.mark.parametrize("command", list(commands()))
def test_a_command_is_documented(command: str) -> None:
    words = command.split()
    # Commands of a group may stand together: `muse retention show | set | apply`.
    listed = rf"{' '.join(words[:-1])} [a-z |\\]*\b{words[-1]}\b"
    assert re.search(rf"{command}\b|{listed}", text()), f"{command} stands in no page of docs/"


@pytest.mark.parametrize("variable", list(config.variables()))
def test_a_setting_is_documented(variable: str) -> None:
    assert re.search(rf"`{variable}`", text()), f"{variable} stands in no page of docs/"


@cache
def literals() -> list[str]:
    """Every text in the code; what is filled in later is a `…`."""
    found = []
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
                    found.append(said(node))
    return found


def said(node: ast.AST) -> str:
    """The text of an expression; what is not a literal is a `…`."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(said, node.values))
    return said(node.left) + said(node.right) if isinstance(node, ast.BinOp) else "…"


def quoted() -> list[str]:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return [re.sub(r" \(`\w+`\)$", "", line[2:]) for line in page.splitlines() if line.startswith("> ")]


@pytest.mark.parametrize("sentence", quoted())
def test_a_sentence_of_troubleshooting_stands_in_the_code(sentence: str) -> None:
    pattern = re.compile(".*".join(re.escape(piece.strip()) for piece in sentence.split("…")), re.DOTALL)
    assert any(pattern.search(literal) for literal in literals()), sentence


def kinds() -> set[str]:
    """The kind of each error that a user can see."""
    found = set()
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            found |= set(re.findall(r'^    kind = "(\w+)"', file.read_text(encoding="utf-8"), re.MULTILINE))
    return found


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_kind_of_error_is_in_troubleshooting(kind: str) -> None:
    assert f"`{kind}`" in (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
