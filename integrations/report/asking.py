"""Asks the questions of a view: on one client, in one zone, each once."""

from __future__ import annotations

import copy
from typing import Any

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.operations.health import health
from chimera_metrics.integrations.questions.describe import describe
from chimera_metrics.integrations.questions.freshness import summary
from chimera_metrics.integrations.questions.methods import Questions
from chimera_metrics.integrations.report.parts import Ask, Planned, Section
from chimera_metrics.integrations.results import Result


class _Asked(Questions):
    """The questions on what another client has open, with settings of its own."""

    def __init__(self, client: Access, zone: str | None) -> None:
        self.settings, self.executor, self.tracer = client.settings, client.executor, client.tracer
        self.sizes, self.known = client.sizes, client.known
        self.muse = client.muse if zone is None else client.muse.model_copy(update={"timezone": zone})


class Asked:
    """Asks, and remembers the answers, so that a picture and the words beside it come from the same one."""

    def __init__(self, client: Access, zone: str | None = None) -> None:
        self._client = _Asked(client, zone)
        self._answers: dict[str, Result] = {}

    def __call__(self, method: str, **arguments: Any) -> Result:
        key = f"{method} {sorted(arguments.items())!r}"
        if key not in self._answers:
            self._answers[key] = self._ask(method, arguments)
        return self._answers[key]

    def _ask(self, method: str, arguments: dict[str, Any]) -> Result:
        if method == "freshness":
            return Result.of(summary(self._client))
        if method == "health":
            return health(self._client)
        if method == "describe":
            return describe(self._client)
        answer: Result = getattr(self._client, method)(**copy.deepcopy(arguments))
        return answer


def made(planned: Planned, ask: Ask) -> Section:
    """The section; where the store cannot answer, one with the sentence that says why."""
    try:
        return planned.make(ask)
    except MuseError as error:
        return Section(planned.title, [str(error)], failed=True)
