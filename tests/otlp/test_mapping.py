"""What becomes of the spans of real exporters: every column right, or null where the span does not have it.

Each made six calls: a chat, a streamed one, one answered 500, one that timed out, an embedding, a response.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.otlp.json_form import read_json
from chimera_metrics.integrations.otlp.mapping import Unstorable, is_call, row_of
from chimera_metrics.integrations.otlp.prices import Prices
from tests.otlp.made import recorded, request, span

NO_PRICES = Prices(None)
COLUMNS = ("model", "operation", "tokens_in", "tokens_out", "status")
CHAT, EMBEDDING = "gpt-4o-mini", "text-embedding-3-small"
DATED = f"{CHAT}-2026-01-01"


def six(model: str, chat: str, embedding: str, out: int | None = None) -> list[tuple[Any, ...]]:
    """The six calls in the words of an exporter; `out` is what it says of an embedding's tokens."""
    return [
        (model, chat, 12, 7, "success"),
        (model, chat, 12, 7, "success"),
        ("broken", chat, None, None, "failure"),
        ("hangs", chat, None, None, "timeout"),
        (EMBEDDING, embedding, 5, out, "success"),
        (model, chat, 12, 7, "success"),
    ]


LITELLM = six(CHAT, "chat", "embedding", out=0)
EXPECTED = {
    "otel-genai": six(CHAT, "chat", "embeddings"),
    "otel-v2": six(CHAT, "chat", "embeddings")[:5],
    "otel-v2-latest": six(CHAT, "chat", "embeddings")[:5],
    "openllmetry": six(CHAT, "chat", "embeddings"),
    "openinference": six(DATED, "LLM", "EMBEDDING"),
    "litellm": [*LITELLM[:5], (CHAT, "responses", 12, 7, "success")],
    "langfuse": six(DATED, "generation", "embedding"),
}


def rows(body: bytes, prices: Prices = NO_PRICES) -> list[dict[str, Any]]:
    return [row_of(one, prices) for one in read_json(body) if is_call(one)]


def test_every_recorded_exporter_is_expected() -> None:
    assert {path.stem for path in (Path(__file__).parent / "spans").glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("exporter", EXPECTED)
def test_a_call_is_one_row_with_the_words_of_its_exporter(exporter: str) -> None:
    found = rows(recorded(exporter))
    assert [tuple(row[column] for column in COLUMNS) for row in found] == EXPECTED[exporter]
    assert {row["source"] for row in found} == {"council"}
    assert all(3_000 > row["latency_ms"] > 2 for row in found)
    assert len({row["run_id"] for row in found}) == len(found)
    errors = [row["error_msg"] for row in found]
    assert [error is not None for error in errors] == [row["status"] != "success" for row in found]
    assert "planted broken" in errors[2]
    assert "timed out" in errors[3]


@pytest.mark.parametrize("exporter", sorted(set(EXPECTED) - {"litellm"}))
def test_an_exporter_that_names_no_cost_leaves_it_null(exporter: str) -> None:
    """Langfuse says 0 for failed calls, which is no cost that anybody knows."""
    assert {row["cost_usd"] for row in rows(recorded(exporter))} == {None}


def test_litellm_names_its_costs() -> None:
    costs = [row["cost_usd"] for row in rows(recorded("litellm"))]
    assert [None if cost is None else round(cost, 9) for cost in costs] == [
        *(Decimal("0.0000057"), Decimal("0.0000057"), None, None),
        *(Decimal("0.0000001"), Decimal("0.0000057")),
    ]


def test_the_end_to_the_millisecond_is_the_time() -> None:
    [row] = rows(request(span(3)))
    assert row["ts"].isoformat() == "2026-09-21T14:13:23.250000+00:00"
    assert row["latency_ms"] == 250


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.operation.name": "invoke_agent"},
        {"gen_ai.operation.name": "execute_tool"},
        {"openinference.span.kind": "CHAIN"},
        {"langfuse.observation.type": "agent"},
    ],
)
def test_what_stands_around_calls_is_no_call(attributes: dict[str, str]) -> None:
    assert rows(request(span(1, **attributes))) == []


def test_a_span_of_something_else_is_no_call() -> None:
    other = span(1) | {"attributes": [{"key": "http.request.method", "value": {"stringValue": "GET"}}]}
    assert rows(request(other)) == []


def test_the_convention_before_operations_had_names_is_a_call() -> None:
    old = {"gen_ai.operation.name": "", "gen_ai.system": "openai"}
    [row] = rows(request(span(1, **old, **{"gen_ai.usage.prompt_tokens": 3, "gen_ai.usage.completion_tokens": 4})))
    assert (row["operation"], row["tokens_in"], row["tokens_out"]) == ("-", 3, 4)


@pytest.mark.parametrize("lost", ["traceId", "spanId", "endTimeUnixNano"])
def test_a_span_that_cannot_be_told_from_others_is_refused(lost: str) -> None:
    with pytest.raises(Unstorable):
        rows(request({key: value for key, value in span(1).items() if key != lost}))


def priced(tmp_path: Path, text: str) -> Prices:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    return Prices(file)


TABLE = '["gpt-4o-mini"]\ninput = 0.15\noutput = 0.60\ncached_input = 0.075\n'


@pytest.mark.parametrize(
    "model", ["gpt-4o-mini", "gpt-4o-mini-2026-01-01", "openai/gpt-4o-mini", "gpt-4o-mini@20260101"]
)
def test_tokens_cost_what_the_table_says(tmp_path: Path, model: str) -> None:
    """12 tokens in, 4 of them cached, 7 out: (8 * 0.15 + 4 * 0.075 + 7 * 0.60) / 1,000,000."""
    tokens = {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 7}
    cached = {"gen_ai.usage.cache_read.input_tokens": 4}
    [row] = rows(request(span(1, **{"gen_ai.request.model": model}, **tokens, **cached)), priced(tmp_path, TABLE))
    assert row["cost_usd"] == Decimal("0.0000057")


def test_the_cost_of_a_span_goes_before_the_table(tmp_path: Path) -> None:
    tokens = {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.cost": 0.25}
    [row] = rows(request(span(1, **tokens)), priced(tmp_path, TABLE))
    assert row["cost_usd"] == Decimal("0.25")


def test_a_call_without_tokens_or_price_has_no_cost(tmp_path: Path) -> None:
    prices = priced(tmp_path, TABLE)
    other = {"gen_ai.request.model": "other", "gen_ai.usage.input_tokens": 1}
    assert [row["cost_usd"] for row in rows(request(span(1), span(2, **other)), prices)] == [None, None]


def test_a_table_that_was_changed_is_read_again(tmp_path: Path) -> None:
    prices = priced(tmp_path, TABLE)
    priced(tmp_path, "[other]\ninput = 2\n")
    prices.refresh()
    assert prices.of("gpt-4o-mini") is None
    assert prices.of("other") is not None


@pytest.mark.parametrize(
    "text",
    ["[model", "model = 1", "[model]\noutput = 1", "[model]\ninput = -1", "[model]\ninput = nan", "[m]\ninput='1'"],
)
def test_a_table_in_another_form_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="MUSE_PRICES"):
        priced(tmp_path, text)
