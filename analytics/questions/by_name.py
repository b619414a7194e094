"""Questions asked by name: `compare(["llm.calls"], group_by="model", window=week)`, beside the form with an object."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from chimera_metrics.analytics.questions.asked import AMetric, Argument, AskedWith, Filters, Metrics, Moment
from chimera_metrics.analytics.sql.buckets import Granularity

P = ParamSpec("P")
A = TypeVar("A", bound=AskedWith)
A_contra = TypeVar("A_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_NAMED = {"Filters": Filters, "Granularity": Granularity, "Moment | None": Moment | None}
_MODULE = re.compile(r"\b(?:\w+\.)+(?=[A-Z])")


class AskedByName(Protocol[A_contra, P, R_co]):
    """Takes its arguments as one object, or the metrics first and the others by name."""

    @overload
    def __call__(self, asked: A_contra, /, *args: P.args, **settled: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, *metrics: Metrics, **named: Any) -> R_co: ...


def by_name(arguments: type[A]) -> Callable[[Callable[Concatenate[A, P], R]], AskedByName[A, P, R]]:
    """For a function that takes `arguments` first: makes them of what is given by name, `settled` ones left out."""
    own = [parameter for parameter, argument in taken(arguments) if not argument.settled]
    metrics = [one for one in own if one.annotation in (Metrics, AMetric)]
    others = [one.replace(kind=one.KEYWORD_ONLY) for one in own if one not in metrics]

    def made(function: Callable[Concatenate[A, P], R]) -> AskedByName[A, P, R]:
        @functools.wraps(function)
        def ask(*args: Any, **named: Any) -> R:
            if args and isinstance(args[0], arguments):
                return function(*args, **named)
            mine = {one.name: named.pop(one.name) for one in own if one.name in named}
            return function(arguments(*args[: len(metrics)], **mine), *args[len(metrics) :], **named)

        settled = list(inspect.signature(function).parameters.values())[1:]
        show(ask, [*metrics, *settled, *others])
        return cast(AskedByName[A, P, R], ask)

    return made


def taken(arguments: Any) -> tuple[tuple[inspect.Parameter, Argument], ...]:
    """Each argument in order: as a parameter, and what it means."""
    return _taken(arguments)


@functools.cache
def _taken(arguments: Any) -> tuple[tuple[inspect.Parameter, Argument], ...]:
    return tuple(map(_described, sorted(fields(arguments), key=lambda field: bool(field.kw_only))))


def _described(field: Field[Any]) -> tuple[inspect.Parameter, Argument]:
    hint: Any = field.type
    kind = inspect.Parameter.KEYWORD_ONLY if field.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(field.name, kind, default=default, annotation=hint.__origin__), hint.__metadata__[0]


def show(function: Any, parameters: Sequence[inspect.Parameter]) -> None:
    """Lets help() show these, their types in short."""
    shown = [one.replace(annotation=_in_short(one.annotation)) for one in parameters]
    returned = function.__annotations__.get("return", inspect.Signature.empty)
    function.__signature__ = inspect.Signature(shown, return_annotation=returned)


def _in_short(annotation: Any) -> Any:
    if annotation is inspect.Parameter.empty:
        return annotation
    named = next((name for name, alias in _NAMED.items() if alias == annotation), None)
    return named or (annotation.__name__ if isinstance(annotation, type) else _MODULE.sub("", str(annotation)))


def given(asked: Any) -> dict[str, Any]:
    """The arguments by name, as they were given."""
    return {field.name: getattr(asked, field.name) for field in fields(asked)}
