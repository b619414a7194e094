"""What `python -m bench.bounds` found is there for every function that a reader may call, and nothing overran."""

from bench.bounds import RESULTS
from bench.bounds_clauses import CLAUSES
from chimera_metrics.integrations.guard.functions import aggregate_names, function_names

# Words of the parser's own, which are no functions to the engine.
PARSED = {"exists", "grouping", "lambda", "untuple"}


def _rows() -> dict[str, list[str]]:
    lines = RESULTS.read_text(encoding="utf-8").splitlines()[1:]
    return {line.partition("\t")[0].lower(): line.split("\t") for line in lines}


def test_every_function_and_clause_was_tried() -> None:
    wanted = (function_names() | aggregate_names()) - PARSED
    wanted |= {name.lower() for name in CLAUSES}
    assert not wanted - _rows().keys(), "run `python -m bench.bounds`"
    assert all(int(tried) > 0 for _, tried, *_ in _rows().values())


def test_nothing_overran() -> None:
    slow = {name: row for name, row in _rows().items() if float(row[3]) > 1 or float(row[4]) > 1_500}
    assert slow == {}
