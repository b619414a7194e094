"""Few texts are searched by Python's `re`, many by Arrow's RE2 first: what is found is the same."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.compute  # makes pa.compute known
import pytest

from chimera_metrics.integrations.masking.columns import MANY, mask_column
from chimera_metrics.integrations.masking.masks import Pattern
from chimera_metrics.integrations.masking.patterns import PATTERNS
from tests.masking.test_masking import MASKED

# All that Python or RE2 takes for a blank, and some that only one of them does.
BLANKS = " \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0\u2003\u2028"
TEXTS = [
    text.replace(" ", blank).replace("=", f"{blank}=").replace(":", f":{blank}")
    for text, _ in MASKED
    for blank in BLANKS
]


@pytest.mark.parametrize("column", ["error_msg", "metadata", "title"])
def test_few_texts_and_many_are_masked_alike(column: str) -> None:
    texts: list[str | None] = [
        json.dumps({"a": text}, ensure_ascii=False) if column == "metadata" else text for text in TEXTS
    ]
    alone = [mask_column(column, [text])[0][0] for text in texts]
    many = mask_column(column, [*texts, *["{}"] * MANY])[0]
    assert many[: len(texts)] == alone


@pytest.mark.parametrize("pattern", [one for one in PATTERNS if one.probe is None], ids=lambda pattern: pattern.what)
def test_both_engines_read_what_stands_behind_a_hint_alike(pattern: Pattern) -> None:
    for hint, probe in pattern.probes():
        texts = [
            f"{hint}{blank}{sign}{blank}{'a1' * 20}@1.1.1.1" for blank in BLANKS for sign in ("", "=", '"', '":', "is")
        ]
        found = pa.compute.match_substring_regex(pa.array(texts), f"(?i){re.escape(hint)}{pattern.near}").to_pylist()
        assert found == [probe.search(text) is not None for text in texts]


def test_a_vertical_tab_hides_no_password() -> None:
    text = "password\x0b=abc12"
    assert mask_column("error_msg", [text, *["fine"] * MANY])[0][0] == mask_column("error_msg", [text])[0][0]
    assert mask_column("error_msg", [text])[0] == ["password\x0b=[secret]"]
