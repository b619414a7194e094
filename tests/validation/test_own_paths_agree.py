"""Both paths make the same of whatever comes for a column of any type, inside lists and maps too."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.validation.own_columns import CLASSES, NAME, VALUES, known, own_table, wrapped
from tests.validation.paths import assert_agree
from tests.validation.test_paths_agree import COLUMNS, FLOATS, INTEGERS, ROWS, TEXTS, Column, arrays

DURATIONS = st.timedeltas().filter(lambda span: abs(span.days) < 100_000)
NESTED: list[Column] = [
    arrays(pa.list_(pa.string()), st.lists(st.none() | TEXTS, max_size=3)),
    arrays(pa.list_(pa.list_(pa.int64())), st.lists(st.none() | st.lists(INTEGERS, max_size=2), max_size=2)),
    arrays(pa.list_(pa.float64()), st.lists(FLOATS, max_size=3)),
    arrays(pa.map_(pa.string(), pa.bool_()), st.dictionaries(TEXTS, st.none() | st.booleans(), max_size=3)),
    arrays(pa.map_(pa.string(), pa.string()), st.lists(st.tuples(TEXTS, TEXTS), max_size=3)),
    arrays(pa.struct([("1", pa.int64()), ("2", pa.string())]), st.fixed_dictionaries({"1": INTEGERS, "2": TEXTS})),
    arrays(pa.duration("us"), DURATIONS),
    arrays(pa.time64("us"), st.times()),
    arrays(pa.decimal256(60, 10), st.decimals(-(10**48), 10**48, places=10)),
    arrays(pa.string(), st.lists(TEXTS | INTEGERS, max_size=3).map(json.dumps)),
    arrays(pa.string(), st.dictionaries(TEXTS, TEXTS | INTEGERS | st.booleans(), max_size=3).map(json.dumps)),
]


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_paths_make_the_same_of_any_column(name: str, data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from([CLASSES.get(name, name), wrapped(name)]))
    column: Any = data.draw(st.one_of(COLUMNS + NESTED))
    optional = name.startswith(("Array", "Map", "JSON")) or (type_ == wrapped(name) and not name.startswith("Tuple"))
    required = not optional or data.draw(st.booleans())
    with known(own_table({name: type_}, required=required)):
        assert_agree(NAME, {"ts": ["2026-06-01"] * ROWS, "c0": column})
