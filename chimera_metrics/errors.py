"""The root of all errors whose text is meant for the user. The rooms' own errors derive from it."""

from __future__ import annotations


class MuseError(Exception):
    """Anything that a user can cause: one sentence that says what is wrong and what to do next."""

    #: Short machine word, the same in the CLI's JSON, in audit rows and in tests.
    kind = "error"

    @property
    def sentence(self) -> str:
        return str(self)
