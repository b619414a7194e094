"""The rule table is the models', and the schemas of the insert tools are the rule table's."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.kinds import LAST_DAY, LAST_HOUR
from chimera_metrics.integrations.validation.row_models import row_schema
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.models import FACT_TABLES


def kinds(table: str) -> dict[str, str]:
    """Each column's kind; '?' says that it may be null, '!' that it is required, '=' that it has a default."""
    return {
        rule.name: rule.kind + "?" * rule.nullable + "!" * rule.required + "=" * (rule.default is not None)
        for rule in rules_of(table).rules
    }


def test_every_column_has_the_rule_of_its_type() -> None:
    assert kinds("ui_events") == {
        "ts": "time=",
        "session_id": "uuid!",
        "commit_sha": "commit?",
        "event_type": "word!",
        "latency_ms": "float?",
        "user_agent": "word?",
        "metadata": "json=",
        "schema_version": "int=",
    }
    assert kinds("episodes") == {
        "ts": "time=",
        "run_id": "uuid=",
        "series": "word!",
        "episode_num": "int!",
        "title": "text!",
        "confidence_score": "float?",
        "correlation_strength": "float?",
        "tokens_total": "int?",
        "cost_total": "money?",
        "status": "word=",
        "file_path": "text?",
        "commit_sha": "commit?",
    }
    assert kinds("session_stats")["hour"] == "hour!"


@pytest.mark.parametrize("table", FACT_TABLES)
def test_measures_are_never_negative_and_shares_lie_between_0_and_1(table: str) -> None:
    for rule in rules_of(table).rules:
        if rule.name.endswith("_rate") or rule.name == "confidence_score":
            assert (rule.low, rule.high) == (0, 1)
        elif rule.kind == "float" and rule.name not in ("lag_seconds", "correlation_strength"):
            assert (rule.low, rule.high) == (0, None), rule.name


def test_dates_end_where_the_engines_date_ends() -> None:
    assert date(2149, 6, 6) == LAST_DAY
    assert datetime(2106, 2, 7, 6, tzinfo=UTC) == LAST_HOUR


def test_the_materialized_column_is_not_to_be_inserted() -> None:
    assert "received_at" not in rules_of("bench_runs").names
    assert rules_of("bench_runs").set_by_store == {"received_at"}


@pytest.mark.parametrize("table", FACT_TABLES)
def test_a_schema_has_no_unions_and_refuses_other_columns(table: str) -> None:
    schema = row_schema(table)
    text = json.dumps(schema)
    assert not any(word in text for word in ("anyOf", "oneOf", "allOf", "$ref"))
    assert all(isinstance(part["type"], str) for part in schema["properties"].values())
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {rule.name for rule in rules_of(table).rules if rule.required}
    assert len(text) < 800  # every listing of the tools pays for it


def test_a_schema_says_what_a_writer_cannot_see_from_a_column_s_name_and_type() -> None:
    parts: dict[str, Any] = row_schema("episodes")["properties"]
    assert parts["status"] == {"type": "string", "description": "draft, published, failed"}
    assert parts["confidence_score"] == {"type": "number", "description": "0 to 1"}
    assert parts["tokens_total"] == {"type": "integer"}
    assert row_schema("ui_events")["properties"]["metadata"]["description"] == "JSON text"


def test_an_unknown_table_has_no_rules() -> None:
    with pytest.raises(InvalidInput, match="Unknown table 'audit_log'"):
        rules_of("audit_log")
