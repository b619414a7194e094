"""Questions asked by name: `compare(["llm.calls"], group_by="model", window=week)`, beside the form with an object."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from chimera_metrics.analytics.questions.asked import Argument, AskedWith, Metrics

P = ParamSpec("P")
A = TypeVar("A", bound=AskedWith)
A_contra = TypeVar("A_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
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
    required = [one for one in own if one.default is one.empty]
    optional = {one.name: one.replace(kind=one.KEYWORD_ONLY) for one in own if one not in required}

    def made(function: Callable[Concatenate[A, P], R]) -> AskedByName[A, P, R]:
        @functools.wraps(function)
        def ask(*args: Any, **named: Any) -> R:
            if args and isinstance(args[0], arguments):
                return function(*args, **named)
            mine = {one.name: named.pop(one.name) for one in own if one.name in named}
            return function(arguments(*args[: len(required)], **mine), *args[len(required) :], **named)

        settled = list(inspect.signature(function).parameters.values())[1:]
        show(ask, [*required, *settled, *optional.values()])
        return cast(AskedByName[A, P, R], ask)

    return made


def taken(arguments: Any) -> Iterator[tuple[inspect.Parameter, Argument]]:
    """Each argument in order: as a parameter, and what it means."""
    for field in fields(arguments):
        hint: Any = field.type
        kind = inspect.Parameter.KEYWORD_ONLY if field.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield inspect.Parameter(field.name, kind, default=default, annotation=hint.__origin__), hint.__metadata__[0]


def show(function: Any, parameters: Sequence[inspect.Parameter]) -> None:
    """Lets help() show these, their types without the modules that they come from."""
    shown = [one.replace(annotation=_MODULE.sub("", str(one.annotation))) for one in parameters]
    returned = function.__annotations__.get("return", inspect.Signature.empty)
    function.__signature__ = inspect.Signature(shown, return_annotation=returned)


def given(asked: Any) -> dict[str, Any]:
    """The arguments by name, as they were given."""
    return {field.name: getattr(asked, field.name) for field in fields(asked)}
