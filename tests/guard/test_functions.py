"""The lists of functions against what this engine has."""

from chimera_metrics.integrations.guard.functions import COMBINATORS, HIGHER_ORDER, aggregate_names, function_names
from tests.guard.conftest import Store


def test_every_function_of_this_engine_that_takes_functions_is_known(store: Store) -> None:
    found = store.run("SELECT lower(name) FROM system.functions WHERE higher_order").split()
    assert set(found) & function_names() <= HIGHER_ORDER


def test_every_combinator_of_this_engine_is_known(store: Store) -> None:
    assert set(store.run("SELECT name FROM system.aggregate_function_combinators").split()) <= set(COMBINATORS)


def test_listed_functions_exist_and_the_reviewed_ones_stay_out(store: Store) -> None:
    engine = set(store.run("SELECT lower(name) FROM system.functions").split())
    by_the_parser_alone = {"lambda", "exists", "untuple", "grouping"}
    gone = function_names().difference(engine, by_the_parser_alone)
    assert not gone, "typing errors, or functions that went away"
    assert engine >= aggregate_names()
    out = "file sleep dictget joinget hostname currentuser getsetting formatrow aigenerate initializeaggregation"
    assert not set(out.split()) & (function_names() | aggregate_names())
