"""What is said of a value that no row has."""

from __future__ import annotations

import pytest

from chimera_metrics.analytics import metric_of
from chimera_metrics.analytics.metrics.filters import filters_of
from chimera_metrics.analytics.questions.known_values import MOST, Stated, known_values, missing, suspects
from chimera_metrics.models import FACT_TABLES
from tests.analytics.conftest import Store, at
from tests.analytics.rows import llm, ui

STATUS = ["success", "failure", "timeout"]
MODELS = ["gpt-4o-mini", "gpt-4o", "claude-opus"]
SAID: list[tuple[Stated, list[str], str | None]] = [
    (Stated("t", "status", "=", ("success",)), STATUS, None),
    (Stated("t", "status", "=", ("error",)), STATUS, "(did you mean failure?)"),
    (Stated("t", "status", "=", ("errors",)), STATUS, "(did you mean failure?)"),
    (Stated("t", "status", "not in", ("success", "error")), STATUS, "has status = error; known"),
    (Stated("t", "model", "not like", ("%GPT%",)), MODELS, "has model like %GPT%;"),
    (Stated("t", "status", "=", ("FAILURE",)), STATUS, "(did you mean failure?)"),
    (Stated("t", "status", "=", ("sucess",)), STATUS, "(did you mean success?)"),
    (Stated("t", "status", "=", ("purple",)), STATUS, "known are success, failure, timeout."),
    (Stated("t", "status", "!=", ("succes",)), STATUS, "has status = succes; known"),
    (Stated("t", "model", "=", ("gpt4o-mini",)), MODELS, "(did you mean gpt-4o-mini?)"),
    (Stated("t", "model", "like", ("%GPT%",)), MODELS, "has model like %GPT%;"),
    (Stated("t", "model", "like", ("%GPT%",)), MODELS, "(did you mean gpt-4o-mini, gpt-4o?)"),
    (Stated("t", "model", "ilike", ("%GPT%",)), MODELS, None),
    (Stated("t", "model", "like", (r"gpt\_4%",)), MODELS, "known are gpt-4o-mini"),
    (Stated("t", "model", "like", ("gpt_4o",)), MODELS, None),
    (Stated("t", "model", "in", ("gpt-4o", "Claude-Opus")), MODELS, "has model = Claude-Opus; known"),
    (Stated("t", "model", "=", ("x",)), [f"m{n}" for n in range(14)], "m10, m11 and 2 more."),
    (Stated("t", "model", "=", ("x",)), [], None),
    (Stated("t", "model", "=", ("x",)), [f"m{n}" for n in range(MOST + 1)], None),
]


@pytest.mark.parametrize(("condition", "known", "said"), SAID)
def test_the_sentence_names_what_there_is_and_what_was_meant(
    condition: Stated, known: list[str], said: str | None
) -> None:
    found = missing(condition, known)
    assert (found is None) == (said is None)
    assert found is None or (said or "") in found


def test_the_values_are_those_of_all_rows_the_frequent_ones_first(store: Store) -> None:
    store.insert("llm_events", [llm(at(1), status="failure"), *(llm(at(day)) for day in (1, 2, 3))])
    store.insert("ui_events", [ui(at(2)), ui(at(3)), ui(at(3), event_type="error")])
    assert store.run(known_values("llm_events", ["status", "source"])) == [
        {"name": "source", "value": "council"},
        {"name": "status", "value": "success"},
        {"name": "status", "value": "failure"},
    ]
    assert [row["value"] for row in store.run(known_values("ui_events", ["event_type"]))] == ["query_submit", "error"]


def test_only_what_an_empty_answer_may_come_from_is_doubted() -> None:
    rate = metric_of("rate(llm_events.status = error)")
    filters = filters_of(FACT_TABLES["llm_events"], [{"column": "model", "value": "x"}, {"column": "run_id", "op": "!=",
                         "value": "6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e"}])  # fmt: skip
    labels = {"rate": rate}
    assert [one.column for one in suspects([{"rate": None}], labels, filters)] == ["model", "status"]
    assert [one.column for one in suspects([{"rate": 0.0}], labels, [])] == ["status"]
    assert suspects([{"rate": 0.0}, {"rate": 0.5}], labels, filters) == []
    assert suspects([{"rate": 0.0}], {"rate": metric_of("ui.error_rate")}, []) == []
    other = metric_of("rate(llm_events.status != succes)")
    assert [one.values for one in suspects([{"rate": 1.0}], {"rate": other}, [])] == [("succes",)]
