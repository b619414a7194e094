"""A secret sent by mistake as the name of a column is not echoed in the sentence that refuses it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.column_path import validate_table
from chimera_metrics.integrations.validation.row_path import validate_rows
from chimera_metrics.integrations.validation.rules import rules_of, shown_name
from tests.masking.test_masking import AZ
from tests.validation.paths import REQUIRED


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (f"ghp_{AZ}ab", "[secret]"),
        ("bob@example.com", "[email]"),
        (f"{'x' * 50} ghp_{AZ}ab", f"{'x' * 50} [secret]"),
        ("latencyp95", "latencyp95"),
        ("y" * 100, f"{'y' * 60}…"),
        (7, "7"),
        ("\ud800", "\\ud800"),
    ],
)
def test_a_name_is_shown_masked_and_short(name: object, shown: str) -> None:
    assert shown_name(name) == shown


def test_no_path_echoes_a_secret() -> None:
    secret = f"ghp_{AZ}ab"
    (rejected,) = validate_rows("ui_events", [REQUIRED["ui_events"] | {secret: 1}]).rejected
    assert rejected.field == "[secret]"
    assert rejected.error.startswith("Unknown column '[secret]'. ui_events has: ")
    columns = {name: [value] for name, value in REQUIRED["ui_events"].items()}
    (rejected,) = validate_table("ui_events", pa.table(columns | {secret: [1]})).rejected
    assert rejected.field == "[secret]"
    assert secret not in rejected.error
    assert secret not in rules_of("ui_events").unknown(secret)
    with pytest.raises(InvalidInput, match=r"one column '\[secret\]'"):
        validate_table("ui_events", pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=[secret, secret]))
