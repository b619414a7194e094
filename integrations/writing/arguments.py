"""The arguments of an insert, checked before anything else happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.rules import known_table
from chimera_metrics.integrations.validation.values import show

OnInvalid = Literal["reject_batch", "skip"]

KEY_CHARACTERS = 200


def check_call(table: str, key: object, on_invalid: object) -> None:
    """Raises InvalidInput for a table, a key or an `on_invalid` that cannot be."""
    known_table(table)
    takes = f"idempotency_key takes text of 1 to {KEY_CHARACTERS} characters"
    if key is not None and not isinstance(key, str):
        raise InvalidInput(f"{takes}; this is {type(key).__name__}.")
    if key is not None and not 1 <= len(key) <= KEY_CHARACTERS:
        raise InvalidInput(f"{takes}; this has {len(key):,}.")
    if key is not None and not key.isascii():
        try:
            key.encode()
        except UnicodeEncodeError:
            raise InvalidInput("idempotency_key takes valid Unicode text; this has half of a surrogate pair.") from None
    if on_invalid not in get_args(OnInvalid):
        raise InvalidInput(
            f'on_invalid takes "reject_batch" or "skip", not {on_invalid if on_invalid is None else show(on_invalid)}.'
        )


def check_rows(rows: object) -> None:
    """Raises InvalidInput for what is not a collection of rows."""
    if isinstance(rows, Mapping):
        raise InvalidInput("This is one row; put it into a list, or store it by the method for one row.")
    if isinstance(rows, str | bytes | bytearray) or not isinstance(rows, Iterable):
        raise InvalidInput(
            "Rows are a list or an iterable of mappings, an Arrow table, or a pandas or polars frame; this is "
            f"{type(rows).__name__}."
        )
