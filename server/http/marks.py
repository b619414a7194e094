"""What is noted of a request while it runs, in its scope. Belongs to the event loop, as the request does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Where the scope holds a request's `Departure`.
GONE = "muse.gone"
#: Where it holds the `Mark` that the request is on record, so that the door need not record it as refused.
RECORDED = "muse.recorded"


class Mark:
    """Something that happens to a request once."""

    __slots__ = ("happened",)

    def __init__(self) -> None:
        self.happened = False

    def set(self) -> None:
        self.happened = True


class Departure(Mark):
    """Its client has gone, or has cancelled what it asked for."""

    __slots__ = ("_then",)

    def __init__(self) -> None:
        super().__init__()
        self._then: Callable[[], None] | None = None

    def set(self) -> None:
        super().set()
        if self._then is not None:
            self._then()

    @contextmanager
    def met_by(self, then: Callable[[], None]) -> Iterator[None]:
        """Calls `then` when the client goes, at once if it has gone; until the block ends. One block at a time."""
        self._then = then
        try:
            if self.happened:
                then()
            yield
        finally:
            self._then = None
