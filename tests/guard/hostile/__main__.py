"""Prints the hostile statements that `readonly = 1` alone does not refuse: for these there is only the parser guard."""

from collections import Counter

from tests.guard.hostile import HOSTILE

if __name__ == "__main__":
    for hostile in HOSTILE:
        if hostile.readonly_alone != "refused":
            print(f"{hostile.readonly_alone:8}{hostile.why}")  # noqa: T201
    print(dict(Counter(hostile.readonly_alone for hostile in HOSTILE)))  # noqa: T201
