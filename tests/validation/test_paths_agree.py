"""The row path and the column path accept, refuse, complete and mask alike, on rows that hypothesis makes up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import Kind
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.models import FACT_TABLES
from tests.validation.paths import ID, NOW, REQUIRED, assert_agree

Column = st.SearchStrategy[Any]
ROWS = 6

WORDS = [
    *(
        "",
        " ",
        "\u00a0",
        "\x1c",
        "ok",
        "Grüße",
        "日本",
        "x" * 1_001,
        "é" * 600,
        "-1",
        "1.5",
        "007",
        "1e3",
        "nan",
        "True",
    ),
    *("bob@example.com", "10.0.0.1", "password=hunter2", "sk-ant-REDACTED", "12:34:56", "v1.2.3.4"),
    *("2026-05-31T12:00:00Z", "2026-05-31 12:00:00.123456", "2026-05-31", "20260531", "2026-W22-7", "1717171717"),
    *("2026-05-31T23:30:00-05:00", "2149-06-06T23:59:59.999Z", "2149-06-07T00:00:00Z", "1969-12-31T23:59:59Z"),
    *(
        ID,
        ID.upper(),
        ID.replace("-", ""),
        f"{{{ID}}}",
        f"{ID}\n",
        "g" + ID[1:],
        "a" * 40,
        "A1" * 20,
        "a" * 39,
        "g" * 40,
    ),
    *("{}", '{"a": 1}', '{"a": [1, {"b": null}]}', "[]", "null", "{", '{"a": NaN}', '{"a": 1e999}', '{"a": 01}'),
    *('{"a": "\\u0040x"}', '{"who": "bob@\\u0065xample.com"}', '{"password": "p", "n": 1.50}', '{"a" :\n-0.0 }'),
    *("Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0 Safari/537.36", "Chrome 126 / Linux", "curl/8.1"),
    *(
        "10000000000000000000",
        "999999999999.9999999994",
        "999999999999.9999999995",
        "0.0000000005",
        "0.0000000015",
        "+7",
        ".5",
        "5.",
    ),
]
TEXTS = st.sampled_from(WORDS) | st.text(max_size=12)
INTEGERS = st.sampled_from([0, 1, -1, 5, 65_535, 65_536, 2**32 - 1, 2**32, 2**53 + 1, 10**12, 2**63 - 1])
FLOATS = st.floats() | st.sampled_from(
    [0.0, -0.0, 0.5, 1.0, 2.5, 1e-10, 0.1 + 0.2, 1e12, 1e11, 9e9, 999.5, 2.0**32, 1.7e308, 0.0000000005]
)
# Within what datetime can say, around each border.
MOMENTS = st.datetimes(datetime(1969, 12, 30), datetime(2150, 1, 1)) | st.sampled_from(
    [datetime(1970, 1, 1), datetime(2149, 6, 6, 23, 59, 59, 999_999), datetime(2149, 6, 7), datetime(2106, 2, 7, 6, 59)]
)
DECIMALS = st.decimals(-1, 10**12, places=11) | st.decimals(0, 10, places=3)


def arrays(type_: Any, values: st.SearchStrategy[Any]) -> Column:
    """Arrow columns of one type, with gaps."""
    return st.lists(st.none() | values, min_size=ROWS, max_size=ROWS).map(lambda column: pa.array(column, type_))


COLUMNS: list[Column] = [
    arrays(pa.string(), TEXTS),
    arrays(pa.large_string(), TEXTS),
    arrays(pa.string_view(), TEXTS),
    arrays(pa.string(), TEXTS).map(lambda array: array.dictionary_encode()),
    arrays(pa.string(), TEXTS).map(pc.run_end_encode),
    arrays(pa.int64(), INTEGERS),
    arrays(pa.uint64(), st.integers(0, 2**64 - 1)),
    arrays(pa.int8(), st.integers(-128, 127)),
    arrays(pa.float64(), FLOATS),
    arrays(pa.float32(), st.floats(width=32)),
    arrays(pa.bool_(), st.booleans()),
    arrays(pa.timestamp("us"), MOMENTS),
    arrays(pa.timestamp("us", "America/Lima"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
    arrays(pa.timestamp("s", "UTC"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
    arrays(pa.date32(), st.dates(date(1969, 12, 30), date(2150, 1, 1))),
    arrays(pa.decimal128(27, 11), DECIMALS),
    arrays(pa.decimal128(38, 18), st.decimals(-1, 10**19, places=8)),
    arrays(pa.decimal128(15, 3), st.decimals(-10, 10**9, places=3)),
    arrays(pa.binary(), st.binary(max_size=17)),
    arrays(pa.binary(16), st.binary(min_size=16, max_size=16)),
    arrays(pa.list_(pa.int64()), st.lists(INTEGERS, max_size=2)),
    arrays(pa.struct([("a", pa.list_(pa.string_view()))]), st.fixed_dictionaries({"a": st.lists(TEXTS, max_size=2)})),
    arrays(pa.struct([("a", pa.float64()), ("b", pa.string())]), st.fixed_dictionaries({"a": FLOATS, "b": TEXTS})),
    st.just(pa.nulls(ROWS)),
]
FITTING: dict[Kind, Column] = {
    "time": arrays(pa.timestamp("ms", "UTC"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0))),
    "hour": arrays(pa.string(), st.sampled_from(["2026-05-31T12:00:00Z", "2026-05-31T12:59:00+02:00"])),
    "uuid": arrays(pa.string(), st.uuids().map(str)),
    "word": arrays(pa.string(), st.sampled_from(["a", "b"])),
    "text": arrays(pa.string(), TEXTS),
    "float": arrays(pa.float64(), st.floats(0, 1)),
    "int": arrays(pa.int32(), st.integers(0, 100)),
    "money": arrays(pa.float64(), st.floats(0, 100)),
    "commit": arrays(pa.string(), st.sampled_from(["a" * 40, "0123456789ABCDEF0123456789abcdef01234567"])),
    "json": arrays(pa.string(), st.dictionaries(TEXTS, TEXTS | INTEGERS, max_size=3).map(json.dumps)),
}


def column_for(rule: ColumnRule) -> Column:
    """Half of the time a column as it should be, half of the time anything."""
    return FITTING[rule.kind] | st.one_of(COLUMNS)


@st.composite
def tables(draw: st.DrawFn, table: str) -> dict[str, Any]:
    """A table whose required columns are fine, save for one or two that may be anything."""
    rules = rules_of(table).rules
    columns: dict[str, Any] = {name: pa.array([value] * ROWS) for name, value in REQUIRED[table].items()}
    for rule in draw(st.lists(st.sampled_from(rules), min_size=1, max_size=3, unique=True)):
        columns[rule.name] = draw(column_for(rule))
    if draw(st.integers(0, 19)) == 0:
        columns["latencyp95"] = pa.array([1] * ROWS)
    return columns


def made_up(table: str, columns: Sequence[str]) -> list[str]:
    """The columns whose gaps are filled with fresh ids."""
    return [rule.name for rule in rules_of(table).rules if rule.default and rule.default.kind == "uuid"]


@pytest.mark.parametrize("table", FACT_TABLES)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_paths_make_the_same_of_any_table(table: str, data: st.DataObject) -> None:
    columns = data.draw(tables(table))
    assert_agree(table, columns, made_up(table, list(columns)))


@pytest.mark.parametrize("column", ["metadata", "user_agent", "event_type"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXTS | st.text(alphabet='abc@.:/-="{}\\ 019', max_size=40), min_size=1, max_size=20))
def test_both_paths_make_the_same_of_any_text(column: str, texts: list[str]) -> None:
    columns = {name: [value] * len(texts) for name, value in REQUIRED["ui_events"].items()}
    assert_agree("ui_events", columns | {column: texts})


def test_a_moment_in_a_far_zone_is_the_same_moment_on_both_paths() -> None:
    lima = timezone(timedelta(hours=-5))
    columns = {name: [value] for name, value in REQUIRED["ui_events"].items()}
    moment = NOW.astimezone(lima)
    batch = assert_agree("ui_events", columns | {"ts": pa.array([moment], pa.timestamp("us", "America/Lima"))})
    assert batch.data[batch.columns.index("ts")] == [NOW]


def test_many_texts_are_searched_at_once_with_the_same_result() -> None:
    texts = [f'{{"n": {index}, "who": "u{index}@example.com"}}' if index % 7 == 0 else "{}" for index in range(9_000)]
    columns = {name: [value] * len(texts) for name, value in REQUIRED["ui_events"].items()}
    batch = assert_agree("ui_events", columns | {"metadata": texts})
    assert batch.masked == {"email": 1_286}


def test_ids_and_amounts_are_exact_on_both_paths() -> None:
    columns: dict[str, Any] = {name: [value] for name, value in REQUIRED["bench_runs"].items()}
    batch = assert_agree("bench_runs", columns | {"cost_per_1k": pa.array([Decimal("0.000001")])})
    assert batch.data[batch.columns.index("run_id")] == [UUID(ID)]
    assert batch.data[batch.columns.index("cost_per_1k")] == [Decimal("0.000001")]
