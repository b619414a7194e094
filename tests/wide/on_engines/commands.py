"""The commands that the README shows, read from its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from chimera_metrics.apps.muse_cli import main

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")

_SPAN = re.compile(r"`([^`]+)`")
_PROMPT = re.compile(r"^\$ (.*?)(?: +#.*)?$", re.MULTILINE)
_PROGRAMS = ("muse", "alembic", "python")
# What stands for a value of the reader's own.
_PLACEHOLDERS = {"[REV]": "", "REV": "0002", "N": "36", "FOLDER": "samples --shift-to-now", "…": "status"}


def shown() -> list[str]:
    """Each command once, as it is typed with values in the places of the README's words for them."""
    return list(dict.fromkeys(_typed(command) for command in _written()))


def _written() -> Iterator[str]:
    yield from (line for line in _PROMPT.findall(README) if line.split()[0] in _PROGRAMS)
    table, prose = _parts(README.partition("## Commands\n")[2].partition("\n## ")[0])
    for row in table:
        spans = _SPAN.findall(row.rpartition("|")[0].removesuffix("|"))
        yield from _of_row(spans)
    yield from (span for span in _SPAN.findall(prose) if span.startswith("python ") and "-m scripts/" not in span)


def _parts(section: str) -> tuple[list[str], str]:
    lines = section.splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    return rows, "\n".join(line for line in lines if not line.startswith("|"))


def _of_row(spans: list[str]) -> Iterator[str]:
    """A row names a program once: what follows are its other commands, or options of the first."""
    first = ""
    for span in spans:
        command = span.removeprefix(".venv/bin/")
        word = command.split()[0]
        if word in _PROGRAMS:
            first = first or command
            yield command
        elif word in main.commands:
            yield f"muse {command}"
        elif word.startswith("--") and "--help" not in word:
            yield f"{first} {command}"


def _typed(command: str) -> str:
    words = [_PLACEHOLDERS.get(word, word) for word in command.split()]
    return " ".join(filter(None, words)).removeprefix(".venv/bin/")
