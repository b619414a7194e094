"""docs/questions.md: each question is answered by the one call that stands beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import mcp
import pytest
from mcp_types import CallToolResult

from chimera_metrics.integrations.config import Settings
from tests.samples.test_answer_sizes import sampled
from tests.server.conftest import converse

PAGE = (Path(__file__).parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")
ASKED = re.findall(r"^\| (.+?\?) \| `([\w.]+)` \| `(\{.*\})` \|$", PAGE, re.MULTILINE)
#: Where an answer holds what was asked for, whichever tool gave it.
HOLDS = (
    "rows",
    "series",
    "coefficient",
    "correlation",
    "groups",
    "episodes",
    "tables",
    "forecast",
    "judged",
    "comparisons",
    "change",
)

__all__ = ["sampled"]


def test_there_are_twenty_five_or_more() -> None:
    assert len({question for question, _, _ in ASKED}) == len(ASKED) >= 25


@pytest.fixture(scope="module")
def answers(sampled: Settings) -> dict[str, CallToolResult]:
    async def ask(client: mcp.Client) -> dict[str, CallToolResult]:
        return {question: await client.call_tool(tool, json.loads(given)) for question, tool, given in ASKED}

    found: dict[str, CallToolResult] = converse(sampled, ask)
    return found


@pytest.mark.parametrize("question", [question for question, _, _ in ASKED])
def test_one_call_answers_it(answers: dict[str, CallToolResult], question: str) -> None:
    result = answers[question]
    answer: dict[str, Any] | None = result.structured_content
    assert answer is not None, result.content
    held = answer["estimate"] if "estimate" in answer else next(answer[name] for name in HOLDS if name in answer)
    assert held not in (None, [], {})
    assert all(any(value is not None for value in row) for row in answer.get("rows", []))


def test_the_step_names_its_commit(answers: dict[str, CallToolResult]) -> None:
    answer = answers["Since when is the 4-bit model slower, and by which commit?"].structured_content
    assert answer is not None
    [series] = answer["series"]
    assert [change["commit_sha"] for change in series["change_points"]] == ["5d8a17f4c2e06b93a1f75d04e8c6293b7f10ad6e"]
