"""`python -m tests.wide [SUBJECT …]`: runs the subjects, all by default, and shows the table of what ran."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from tests.wide import subjects
from tests.wide.outcomes import Outcome, table


def main(wanted: list[str]) -> int:
    known = sorted(module.name for module in pkgutil.iter_modules(subjects.__path__))
    if unknown := set(wanted) - set(known):
        print(f"No such subject: {', '.join(sorted(unknown))}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    outcomes: list[Outcome] = []
    for name in wanted or known:
        outcomes.extend(importlib.import_module(f"{subjects.__name__}.{name}").run())
    print(f"\n{table(outcomes)}")
    return int(not outcomes or any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
