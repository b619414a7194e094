"""Values nested within each other: whole up to a depth, and a sentence beyond it, whoever stored them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from mcp_types import CallToolResult

#: What opens and closes one level, how many levels that is, and the value in the middle.
FORMS = {"maps": ('{"a":', "}", 1, "1"), "lists of maps": ('[{"a":', "}]", 2, "1"), "lists": ("[", "]", 1, '{"a":1}')}


def nested(form: str, times: int) -> str:
    begin, end, _, middle = FORMS[form]
    return '{"x":' + begin * times + middle + end * times + "}"


@pytest.mark.parametrize("form", FORMS)
def test_down_to_ninety_levels_nothing_is_lost(call: Callable[..., CallToolResult], form: str) -> None:
    text = nested(form, 90 // FORMS[form][2])
    answer = call("query", sql=f"SELECT '{text}'::JSON AS x")
    assert not answer.is_error
    assert answer.structured_content is not None
    assert answer.structured_content["rows"] == [[orjson.loads(text)]]


@pytest.mark.parametrize("times", [110, 260, 700])
@pytest.mark.parametrize("form", FORMS)
def test_beyond_a_hundred_the_answer_is_a_sentence(call: Callable[..., CallToolResult], form: str, times: int) -> None:
    answer = call("query", sql=f"SELECT '{nested(form, times)}'::JSON AS x")
    said: Any = answer.content[0]
    assert answer.is_error
    assert any(words in said.text for words in ("toString(column)", "Cannot parse JSON object")), said.text


def test_so_it_is_of_lists_in_the_statement(call: Callable[..., CallToolResult]) -> None:
    said: Any = call("query", sql=f"SELECT {'[' * 150}1{']' * 150} AS x").content[0]
    assert said.text == (
        "Column x holds a value that is nested more than 100 deep; read it as text, such as by toString(column)."
    )


@pytest.mark.parametrize("levels", [280, 600])
def test_so_it_is_of_a_type(call: Callable[..., CallToolResult], levels: int) -> None:
    said: Any = call("query", sql=f"SELECT CAST('[]' AS {'Array(' * levels}UInt8{')' * levels}) AS x").content[0]
    assert said.text == "The statement, or a type that it names, is nested more than 300 deep; write it flatter."
