"""What a watch looks at and what raises an alarm, checked when it is set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

import orjson

from chimera_metrics import analytics
from chimera_metrics.analytics import metric_of
from chimera_metrics.analytics.arguments import one_or_two
from chimera_metrics.analytics.metrics.filters import stated
from chimera_metrics.analytics.questions.series import few_valued
from chimera_metrics.analytics.sql.buckets import granularity_of
from chimera_metrics.analytics.window import window_of
from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.masking.columns import mask_json, mask_text
from chimera_metrics.integrations.masking.searching import ALL
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.integrations.watches.webhooks import check_address
from chimera_metrics.models import FACT_TABLES

RULES = ("change", "drift", "above", "below")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Definition:
    """One watch as it was set."""

    metric: str
    when: str
    granularity: str = "day"
    group_by: tuple[str, ...] = ()
    filters: tuple[Mapping[str, Any], ...] = ()
    value: float | None = None
    clear: float | None = None
    webhook: str | None = None

    @property
    def for_changes(self) -> bool:
        return self.when in ("change", "drift")

    def as_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def of_json(cls, text: str) -> Definition:
        given = orjson.loads(text)
        lists = {name: tuple(given[name]) for name in ("group_by", "filters")}
        return cls(**given | lists)


def checked_name(name: str) -> str:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise InvalidInput("name takes up to 64 letters, digits, dots, dashes and underscores, such as p95-by-model.")
    if mask_text(name, ("secret",))[1]:
        raise InvalidInput(
            "name holds what looks like a secret, and every reader sees it; give another, such as p95-by-model."
        )
    return name


def define(
    settings: MuseSettings,
    metric: str,
    when: str,
    granularity: str,
    group_by: str | Sequence[str] | None,
    filters: Any,
    value: float | None,
    clear: float | None,
    webhook: str | None,
    now: datetime,
) -> Definition:
    """The definition, once its metric, groups, filters, rule and webhook are known to be right."""
    if when not in RULES:
        raise InvalidInput(f"when is {when!r}, but takes one of {', '.join(RULES)}.")
    by = granularity_of(granularity, bucketed=True)
    measured = metric_of(metric)
    conditions = tuple(cast("Mapping[str, Any]", one) for one in stated(FACT_TABLES[measured.table], filters))
    window = window_of(now=now, days=1, timezone=settings.timezone)
    # No hour or weekday: most of those have no newest bucket.
    groups = tuple(few_valued(measured.table, name) for name in one_or_two("group_by", group_by))
    analytics.series(metric, window=window, granularity=by, group_by=groups, filters=conditions)  # raises what is wrong
    made = Definition(measured.text, when, by, groups, conditions, value, clear, webhook)
    _check_rule(made)
    if settings.masking:
        _check_masks(measured.table, conditions)
    if webhook is not None:
        check_address(webhook, settings)
    return made


def _check_rule(made: Definition) -> None:
    if made.for_changes:
        if made.granularity not in ("day", "week"):
            raise InvalidInput(
                f"A watch for a {made.when} looks at days or weeks, not at {made.granularity}s; `above` and `below` "
                "take any granularity."
            )
        if made.value is not None or made.clear is not None:
            raise InvalidInput(f"value and clear are for `above` and `below`; a watch for a {made.when} takes neither.")
        return
    if made.value is None:
        raise InvalidInput(f"when={made.when} needs a value, such as value=0.05.")
    if made.clear is not None and (made.clear > made.value if made.when == "above" else made.clear < made.value):
        side = "at most" if made.when == "above" else "at least"
        raise InvalidInput(f"clear is {made.clear:g}, but takes {side} value ({made.value:g}): there an alarm ends.")


def _check_masks(table: str, conditions: Sequence[Mapping[str, Any]]) -> None:
    """A watch is stored and shown to every reader; what masks take from rows is neither, and no row would match it."""
    masks = {rule.name: rule.masks for rule in rules_of(FACT_TABLES[table]).rules}
    for condition in conditions:
        column = str(condition.get("column"))
        rules = masks.get(column, ALL)
        # An agent is stored in another form, and a filter names that form.
        found = mask_json(orjson.dumps(condition).decode(), ALL if "user_agent" in rules else rules)[1]
        if found:
            raise InvalidInput(
                f"The filter on {column} holds what is stored masked ({', '.join(sorted(found))}), so no row would "
                "match it; filter by what answers show, such as '[secret]'."
            )
