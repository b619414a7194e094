"""The arguments of a question as its tool takes them: strict, as JSON, derived from what the question is asked with."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from chimera_metrics.analytics import Metric
from chimera_metrics.analytics.metrics.clock import CLOCK
from chimera_metrics.analytics.metrics.forms import spelled_out
from chimera_metrics.analytics.questions.asked import AskedWith, Columns, Filters, Metrics, Moment
from chimera_metrics.analytics.questions.by_name import taken
from chimera_metrics.analytics.sql.buckets import Granularity, plain_granularity
from chimera_metrics.models import FACT_TABLES, insertable
from chimera_metrics.server.catalog.analytics_words import SAME_FILTERS, SQL
from chimera_metrics.server.catalog.arguments import Arguments

# The first word is the default.
Bucketed = Annotated[Literal["day", "minute", "hour", "week", "month"], BeforeValidator(plain_granularity)]
Bucket = Annotated[Granularity, BeforeValidator(plain_granularity)]
Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "ilike", "is null", "is not null"
]
# Every column that a filter may be on.
_COLUMNS = frozenset(column.name for table in FACT_TABLES.values() for column in insertable(table)) | {*CLOCK}
_WINDOW = ("days", "hours", "since", "until")

A = TypeVar("A", bound=AskedWith)


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class FilterArguments(Arguments):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    column: str
    op: Operator = "="
    value: Annotated[str | None, BeforeValidator(_as_text)] = None
    values: list[str] | None = None

    @classmethod
    def spelled_out(cls, given: dict[str, Any]) -> list[dict[str, Any]]:
        return [dict(one) for one in spelled_out(given, _COLUMNS)]

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


# Filters whose form is written out elsewhere: in the same tool, or in query.aggregate.
MoreFilters = Annotated[list[FilterArguments], WithJsonSchema({"type": "array", "items": {"type": "object"}})]
# What Python takes beside it is of no use in JSON.
_IN_JSON: dict[Any, Any] = {
    str | Metric: str,
    Metrics: list[str],
    Columns: list[str],
    Moment | None: str | None,
    Filters: MoreFilters,
}


def model_of(asked: type[AskedWith]) -> type[Arguments]:
    """The model of a tool's arguments, those of the window first."""
    own = {parameter.name: (parameter, argument) for parameter, argument in taken(asked)}
    order = [*(_WINDOW if "since" in own else ()), *own]
    made: dict[str, Any] = {}
    for name in dict.fromkeys(order):
        parameter, argument = own[name]
        form = _IN_JSON.get(parameter.annotation, parameter.annotation)
        words = SAME_FILTERS if name == "filters" else argument.meaning
        about: dict[str, Any] = {"description": words, "ge": argument.least}
        if parameter.default is parameter.empty:
            made[name] = (form, Field(**about, min_length=1 if form == list[str] else None))
        elif parameter.default == ():
            made[name] = (form, Field(default_factory=list, **about))
        else:
            made[name] = (form, Field(parameter.default, **about))
    made["include_sql"] = (bool, Field(False, description=SQL))
    return create_model(asked.__name__, __base__=Arguments, **made)


def asked_of(kind: type[A], args: BaseModel) -> A:
    """The arguments of the question, from those of its tool."""
    given = {parameter.name: getattr(args, parameter.name) for parameter, _ in taken(kind)}
    return kind(**{name: filters_given(value) for name, value in given.items()})


def filters_given(value: Any) -> Any:
    """`value`, filters in it as the client takes them."""
    if not isinstance(value, list):
        return value
    return [one.given() if isinstance(one, FilterArguments) else one for one in value]
