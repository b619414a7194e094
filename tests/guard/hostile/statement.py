"""One hostile statement."""

from typing import Literal, NamedTuple

Outcome = Literal["passes", "refused", "fails", "endless"]


class Hostile(NamedTuple):
    """A statement, why it is hostile, and what `readonly = 1` alone does with it ("endless": passes, and never ends).

    {secret} and {out} in it stand for files of the test.
    """

    why: str
    readonly_alone: Outcome
    sql: str
