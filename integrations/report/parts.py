"""The parts of a report: figures, tables, pictures, sentences. Nothing here is HTML or Markdown yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from chimera_metrics.integrations.results import Result

Tone = Literal["", "better", "worse", "warning"]


class Ask(Protocol):
    """Asks one question by the name of the client's method. The page puts it on record and remembers the answer."""

    def __call__(self, method: str, **arguments: Any) -> Result: ...


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to another view of the page; a report shows the text alone."""

    text: str
    view: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    tone: Tone = ""
    title: str = ""


Cell = str | Link


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its name, and where to read on."""

    name: str
    value: str
    note: str
    link: Link


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; the columns from `numbers_from` on are numbers, or none is."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numbers_from: int = 1_000


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of the answer to a question, and what it says in words."""

    method: str
    arguments: Mapping[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """What one question came to."""

    title: str
    lines: Sequence[str] = ()
    tiles: Sequence[Tile] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    links: Sequence[Link] = ()
    sql: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A section that is to be made, with its title for the time until then."""

    title: str
    make: Callable[[Ask], Section]
