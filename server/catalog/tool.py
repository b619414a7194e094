"""A tool: strict arguments, and one call on the client."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.errors import AccessRefused, MuseError, StatementCancelled
from chimera_metrics.integrations.guard.judging import StatementRefused
from chimera_metrics.integrations.results import Result
from chimera_metrics.server.catalog.arguments import read_arguments
from chimera_metrics.server.context import ServerContext

Call = Callable[[ServerContext, Any, Cancellation], Result]


class Sentence(Exception):
    """A mistake or a refusal, told to the model in one sentence; `outcome` is the audit's word for it."""

    def __init__(self, text: str, outcome: str) -> None:
        super().__init__(text)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class MuseTool:
    """One tool, under its dotted name."""

    name: str
    group: str
    title: str
    description: str
    #: Makes the model of its arguments, or gives it: of the many tools a session calls few.
    model: Callable[[], type[BaseModel]]
    call: Call
    stores: bool = False
    removes: bool = False
    #: Whether its answer follows from its arguments and the tables alone, so that it may be kept.
    analytic: bool = False

    @property
    def arguments(self) -> type[BaseModel]:
        return self.model()

    @property
    def right(self) -> str:
        """What a role must have to call it, see `callers.GROUPS`: who may list watches may not set them."""
        return "watch_writing" if self.group == "watch" and self.stores else self.group

    def annotations(self) -> dict[str, bool]:
        """What a host asks before it lets a model call: as the protocol names it."""
        return {
            "readOnlyHint": not self.stores,
            "destructiveHint": self.removes,
            "idempotentHint": True,
            "openWorldHint": False,
        }

    def limit_s(self, arguments: Mapping[str, Any], most: float) -> float:
        """The time that a call may take, of which its progress is told: what it asks for, `most` at the most."""
        asked = arguments.get("timeout_s") if "timeout_s" in self.arguments.model_fields else None
        return float(min(asked, most)) if isinstance(asked, int | float) and asked > 0 else most

    def read(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The arguments, or a Sentence."""
        with _in_a_sentence():
            return read_arguments(self.name, self.arguments, arguments)

    def is_kept(self, arguments: BaseModel) -> bool:
        """Whether the answer may be given again: it is no file that somebody fetches, and no estimate."""
        return self.analytic and not any(getattr(arguments, name, None) for name in ("export", "dry_run"))

    def answer(self, context: ServerContext, arguments: BaseModel, stop: Cancellation) -> Result:
        """What the tool answers, or a Sentence."""
        with _in_a_sentence():
            return self.call(context, arguments, stop)


@contextlib.contextmanager
def _in_a_sentence() -> Iterator[None]:
    try:
        yield
    except MuseError as error:  # anything else is a bug, and its text stays from the client
        if isinstance(error, StatementRefused | AccessRefused):
            outcome = "refused"
        else:
            outcome = "cancelled" if isinstance(error, StatementCancelled) else "error"
        raise Sentence(str(error), outcome) from None
