"""The lambdas of one statement: what they are called, and how much they come to when they are expanded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chimera_metrics.integrations.guard.refusals import StatementRefused

# About as many nodes as a statement without lambdas can have; and as many columns as an APPLY may meet.
_MOST_NODES = 5_000
_MOST_COLUMNS = 50


class Lambdas:
    """Counts nodes and calls while the tree is walked; a named lambda's body runs wherever its name is called."""

    def __init__(self) -> None:
        #: The aliases of all lambdas, in lower case.
        self.aliases: set[str] = set()
        #: The parameters of all lambdas.
        self.parameters: set[str] = set()
        #: The lambdas that are called by their names.
        self.called: set[str] = set()
        #: The named lambda whose body is being walked now.
        self.current: str | None = None
        # Nodes, and calls by name: of what is being walked now, and of each named lambda's body.
        self._nodes = 0
        self._calls: Counter[str] = Counter()
        self._bodies: dict[str, tuple[int, Counter[str]]] = {}

    def count_node(self) -> None:
        self._nodes += 1

    def count_call(self, name: str) -> None:
        self.called.add(name)
        self._calls[name] += 1

    def count_apply(self, name: str) -> None:
        """APPLY calls a lambda once for each column."""
        if name in self.called:
            self._calls[name] += _MOST_COLUMNS

    @contextmanager
    def body_of(self, name: str) -> Iterator[None]:
        """What is walked meanwhile belongs to the lambda's body. If two lambdas share a name, the larger counts win."""
        nodes, calls = self._nodes, self._calls
        self.current, self._nodes, self._calls = name, 0, Counter()
        yield
        known_nodes, known_calls = self._bodies.get(name, (0, Counter()))
        self._bodies[name] = max(known_nodes, self._nodes), known_calls | self._calls
        self.current, self._nodes, self._calls = None, nodes, calls

    def forbid_in_body(self, what: str) -> None:
        """Refuses `what` in a named lambda: its names of tables are checked where it stands, but read where it runs."""
        if self.current:
            raise StatementRefused(f"Lambda '{self.current}' holds {what}")

    def check_expansion(self) -> None:
        """Lambdas that call lambdas expand to millions of nodes from a short text, and no time limit stops that."""
        known: dict[str, int] = {}

        def size(name: str, callers: tuple[str, ...]) -> int:
            if name not in known:
                nodes, calls = self._bodies.get(name, (0, Counter()))
                chain = (*callers, name)
                # A lambda that calls itself has no size.
                known[name] = _MOST_NODES + 1 if chain.count(name) > 1 else nodes + total(calls, chain)
            return known[name]

        def total(calls: Counter[str], callers: tuple[str, ...]) -> int:
            return sum(count * size(name, callers) for name, count in calls.items())

        if total(self._calls, ()) > _MOST_NODES:
            raise StatementRefused(
                f"The lambdas of this query unfold to more than {_MOST_NODES:,} parts; call them fewer times, or write "
                "them without calls of each other."
            )
