"""From a message to a row."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.kafka.mapping import RowMapping
from chimera_metrics.integrations.kafka.messages import Poisoned
from tests.kafka.made import MS, Given, given

AT = datetime.fromtimestamp(MS / 1000, UTC)


def message(value: bytes | None, offset: int = 7) -> Given:
    return given(value, offset, partition=2, key=b"anna")


def written(folder: Path, text: str) -> Path:
    file = folder / "ui.toml"
    file.write_text(text)
    return file


def test_without_a_file_fields_are_columns_and_the_time_is_kafkas() -> None:
    row = RowMapping("ui_events").row(message(b'{"session_id": "a", "event_type": "error"}'))
    assert row == {"session_id": "a", "event_type": "error", "ts": AT}


def test_a_messages_own_time_stays() -> None:
    assert RowMapping("ui_events").row(message(b'{"ts": "2026-01-01 00:00:00"}'))["ts"] == "2026-01-01 00:00:00"


def test_a_file_says_which_field_is_which_column(tmp_path: Path) -> None:
    text = """
        session_id = "session.id"
        event_type = { value = "error" }
        latency_ms = { path = "steps.1.ms", default = 0 }
        metadata = { path = ["a.b"] }
        user_agent = "@key"
        schema_version = "@partition"
    """
    mapping = RowMapping("ui_events", written(tmp_path, text))
    row = mapping.row(message(b'{"session": {"id": "s"}, "steps": [{}, {"ms": 2.5}], "a.b": {"x": 1}, "more": 1}'))
    expected = {"session_id": "s", "event_type": "error", "latency_ms": 2.5, "metadata": '{"x":1}'}
    assert row == expected | {"user_agent": "anna", "schema_version": 2, "ts": AT}
    assert mapping.row(message(b'{"steps": 3}'))["latency_ms"] == 0


@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff\xfe", b"[1]", b"null", b"7"])
def test_what_is_no_object_is_poison(value: bytes | None) -> None:
    with pytest.raises(Poisoned):
        RowMapping("ui_events").row(message(value))


def test_rows_come_with_the_messages_that_they_are_of() -> None:
    values = [b"{}"] * 150 + [b"[1]", b'{"event_type": "error"}', b"{", None]
    messages = [message(value, offset) for offset, value in enumerate(values)]
    rows, sources, poison = RowMapping("ui_events").rows(messages)
    assert [one.offset() for one in sources] == [*range(150), 151]
    assert rows[-1] == {"event_type": "error", "ts": AT}
    assert [(one.message.offset(), one.reason[:12]) for one in poison] == [
        (150, "It is json, "),
        (152, "It is not js"),
        (153, "The message "),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("session = 'x'", "session_id"),
        ("session_id = 7", "takes the path"),
        ("session_id = { path = 'a', value = 1 }", "takes the path"),
        ("session_id = ", "is not TOML"),
        ("", "maps nothing"),
        ("latency_ms = 'a'", "says nothing of"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        RowMapping("ui_events", written(tmp_path, text))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        RowMapping("ui_events", tmp_path / "none.toml")
