"""The arguments of a question as its tool takes them: strict, as JSON, derived from what the question is asked with."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from inspect import Parameter
from typing import Annotated, Any, Literal, TypeVar, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.metrics.calls import metric_text
from chimera_metrics.analytics.metrics.clock import CLOCK
from chimera_metrics.analytics.metrics.filter_texts import checked_text, filter_in
from chimera_metrics.analytics.metrics.forms import spelled_out
from chimera_metrics.analytics.moments import whole_units
from chimera_metrics.analytics.questions.asked import AMetric, Argument, AskedWith, Columns, Filters, Metrics, Moment
from chimera_metrics.analytics.questions.by_name import taken
from chimera_metrics.analytics.sql.buckets import Granularity, plain_granularity
from chimera_metrics.integrations.answers.exporting import Export, FileFormat
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


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class FilterArguments(Arguments):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    column: str
    op: Operator = "="
    value: Annotated[str | None, BeforeValidator(_as_text)] = None
    values: list[str] | None = None

    @classmethod
    def spelled_out(cls, given: Any) -> list[Any]:
        if given is None or given == {} or (isinstance(given, str) and not given.strip()):
            return []
        if isinstance(given, str):
            return list(checked_text(given))
        if (listed := filter_in(given)) is not None:
            return [listed]
        if isinstance(given, list):
            return [spelled for one in given for spelled in cls.spelled_out(one)]
        if not isinstance(given, dict):
            return [given]
        if len(given) == 1 and (word := str(next(iter(given))).lower().lstrip("$")) in ("and", "all", "or", "any"):
            return cls._joined(word, next(iter(given.values())))
        return [dict(one) for one in spelled_out(given, _COLUMNS)]

    @classmethod
    def _joined(cls, word: str, inner: Any) -> list[Any]:
        """The filters of {"and": […]}; there is no "or"."""
        if word in ("or", "any"):
            raise QuestionError(
                "Rows must meet all filters. For any of several values of one column write "
                '{"column": "model", "op": "in", "values": ["a", "b"]}; for "or" across columns use query.'
            )
        return [spelled for one in (inner if isinstance(inner, list) else [inner]) for spelled in cls.spelled_out(one)]

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


# Filters whose form is written out elsewhere: in the same tool, or in query.aggregate.
MoreFilters = Annotated[list[FilterArguments], WithJsonSchema({"type": "array", "items": {"type": "object"}})]
# What Python takes beside it is of no use in JSON.
MetricText = Annotated[str, BeforeValidator(metric_text)]
_IN_JSON: dict[Any, Any] = {
    AMetric: MetricText,
    Metrics: list[MetricText],
    Columns: list[str],
    Columns | None: list[str],
    Moment | None: Annotated[str | None, BeforeValidator(_number_as_text)],
    Export | None: FileFormat | None,
    Filters: list[FilterArguments],
}


def model_of(asked: type[AskedWith], written_out: bool = False) -> type[Arguments]:
    """The model of a tool's arguments. `written_out`: its schema has the form of filters."""
    own = {parameter.name: (parameter, argument) for parameter, argument in taken(asked)}
    made: dict[str, Any] = {
        name: (_form(*own[name], written_out), _field(*own[name], written_out)) for name in _in_order(own)
    }
    made["include_sql"] = (bool, Field(False, description=SQL))
    return create_model(asked.__name__, __base__=Arguments, **made)


def _in_order(names: Iterable[str]) -> list[str]:
    """Hours beside days; and before all else what a window is made of, where that may be any window."""
    found = [one for name in names if name != "hours" for one in ((name, "hours") if name == "days" else (name,))]
    return list(dict.fromkeys([*_WINDOW, *found])) if {*_WINDOW} <= {*found} else found


def _form(parameter: Parameter, argument: Argument, written_out: bool) -> Any:
    """What an argument is in JSON."""
    taken_in_python = parameter.annotation
    if taken_in_python == Granularity:
        return Bucket if parameter.default == "none" else Bucketed
    if taken_in_python == Filters and not written_out:
        return MoreFilters
    if parameter.name in ("days", "hours"):
        return Annotated[taken_in_python, BeforeValidator(partial(whole_units, unit=parameter.name[0]))]
    return str | None if argument.most == 1 else _IN_JSON.get(taken_in_python, taken_in_python)


def _field(parameter: Parameter, argument: Argument, written_out: bool) -> Any:
    meaning = SAME_FILTERS if parameter.name == "filters" and not written_out else argument.meaning
    about: dict[str, Any] = {"description": meaning, "ge": argument.least}
    if argument.usual is not None:
        about["json_schema_extra"] = {"default": argument.usual}
    is_list = argument.most != 1 and get_origin(_IN_JSON.get(parameter.annotation)) is list
    if parameter.default is parameter.empty:
        return Field(**about, min_length=1 if is_list else None)
    return Field(default_factory=list, **about) if is_list else Field(parameter.default, **about)


def asked_of(kind: type[A], args: BaseModel) -> A:
    """The arguments of the question, from those of its tool."""
    given = {parameter.name: getattr(args, parameter.name) for parameter, _ in taken(kind)}
    return kind(**{name: filters_given(value) for name, value in given.items()})


def filters_given(value: Any) -> Any:
    """`value`, filters in it as the client takes them."""
    if not isinstance(value, list):
        return value
    return [one.given() if isinstance(one, FilterArguments) else one for one in value]
