"""What tokens cost, from a file that users keep (MUSE_PRICES), for calls whose span names no cost."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.small_files import small_text

_MILLION = Decimal(1_000_000)
_KINDS = ("input", "output", "cached_input")
# The day that providers put behind a model's name: -2026-01-01, -20260101, @20260101.
_DAY = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}$")


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens."""

    input: Decimal
    output: Decimal
    cached_input: Decimal

    def of(self, tokens_in: int, tokens_out: int, cached: int) -> Decimal:
        """What a call cost. `cached` are among `tokens_in`."""
        fresh = tokens_in - cached
        return (fresh * self.input + cached * self.cached_input + tokens_out * self.output) / _MILLION


class Prices:
    """The prices by model. The file is read again when it has changed."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._prices: Mapping[str, Price] = {}
        self.refresh()

    def refresh(self) -> None:
        """Looks at the file. Raises SettingsError for one that cannot be taken."""
        if self._file is None:
            return
        try:
            facts = self._file.stat()
            if (seen := (facts.st_mtime_ns, facts.st_size)) != self._seen:
                self._prices = _read(self._file)
                self._seen = seen
        except OSError as error:
            raise SettingsError(f"MUSE_PRICES names {self._file}, which cannot be read ({error.strerror}).") from None

    def of(self, model: str) -> Price | None:
        """The price under the model's name: as it is, without its provider, without its day."""
        for name in (model, model.rpartition("/")[2]):
            for form in (name, _DAY.sub("", name)):
                if form in self._prices:
                    return self._prices[form]
        return None


def _read(file: Path) -> dict[str, Price]:
    try:
        given = tomllib.loads(small_text(file), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"MUSE_PRICES names {file}, which is not TOML: {error}.") from None
    return {model: _price(file, model, price) for model, price in given.items()}


def _price(file: Path, model: str, given: Any) -> Price:
    usable = isinstance(given, dict) and "input" in given and set(given) <= set(_KINDS)
    if not usable or not all(_amount(given[kind]) for kind in given):
        raise SettingsError(
            f'{file} (MUSE_PRICES) has {model!r} in another form than ["{model}"] with input, output and cached_input '
            "in dollars for a million tokens, each 0 or more; output and cached_input may be left out."
        )
    amounts = {kind: Decimal(value) for kind, value in given.items()}
    return Price(amounts["input"], amounts.get("output", Decimal(0)), amounts.get("cached_input", amounts["input"]))


def _amount(value: Any) -> bool:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return is_number and Decimal(value).is_finite() and value >= 0
